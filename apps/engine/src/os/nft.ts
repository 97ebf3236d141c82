import { run, runOk } from './process.ts';

/** nft(8). A script is one transaction: all of it is in force, or none. */
export async function applyRules(script: string): Promise<void> {
  await runOk('nft', ['-f', '-'], { input: script, timeout: 30_000 });
}

/** Removes a table if it is there. */
export async function deleteTable(family: 'ip' | 'ip6' | 'inet', name: string): Promise<void> {
  await applyRules(`add table ${family} ${name}\ndelete table ${family} ${name}\n`);
}

export async function tableExists(family: 'ip' | 'ip6' | 'inet', name: string): Promise<boolean> {
  return (await run('nft', ['list', 'table', family, name], { timeout: 30_000, maxOutput: 1024 })).code === 0;
}
