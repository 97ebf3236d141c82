import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommitOptions } from '#core/containers/commit.ts';
import { readTar } from '#lib/tar.ts';
import { type ContainerHost, IMAGE, openContainerHost } from './containers-harness.ts';

const signal = new AbortController().signal;
let host: ContainerHost;

beforeAll(async () => {
  host = await openContainerHost();
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

const commit = (id: string, options: Partial<CommitOptions> = {}) =>
  host.engine.containers.commit(
    id,
    { pause: true, author: '', comment: '', changes: [], signal, ...options },
    host.engine.images.planCommit,
  );

const changes = async (id: string) =>
  (await host.engine.containers.changes(id)).map(({ path, kind }) => `${kind[0]} ${path}`);

async function exported(id: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const { entry, body } of readTar(await host.engine.containers.export(id, { signal }))) {
    files.set(entry.name, entry.type === 'file' ? await text(body) : entry.type);
  }
  return files;
}

const CHANGING = [
  'echo new > /new',
  'rm /etc/shadow',
  'echo x >> /etc/group',
  'mkdir -p /var/a/b; echo 1 > /var/a/b/c',
  'rm -r /usr; mkdir /usr; echo u > /usr/only',
  'chmod 700 /home',
  'ln /new /hard',
  'touch -a /etc/passwd',
].join(';');

describe('what a container has changed', () => {
  it('is listed as Docker lists it', async () => {
    const { id } = await host.run(['sh', '-c', CHANGING]);
    const all = await changes(id);
    expect(all.filter((line) => !line.startsWith('d /usr/'))).toEqual([
      'm /etc',
      'm /etc/group',
      'd /etc/shadow',
      'a /hard',
      'm /home',
      'a /new',
      'm /usr',
      'a /usr/only',
      'm /var',
      'a /var/a',
      'a /var/a/b',
      'a /var/a/b/c',
    ]);
    expect(all).toContain('d /usr/bin');
  });

  it('is nothing for a container that wrote nothing', async () => {
    const { id } = await host.run(['true']);
    expect(await changes(id)).toEqual([]);
    const { id: never } = await host.create(['true']);
    expect(await changes(never)).toEqual([]);
  });

  it('is what an image of it contains, above the layers it shares', async () => {
    const { id } = await host.run(['sh', '-c', CHANGING]);
    const base = await host.engine.images.resolve(IMAGE);
    const image = await commit(id, { repository: 'committed', tag: '1', author: 'me', comment: 'why' });
    expect(image).toMatchObject({ author: 'me', comment: 'why', parent: base.id });
    expect(image.chainIds.slice(0, -1)).toEqual(base.chainIds);
    expect(image.history.at(-1)).toMatchObject({ author: 'me', comment: 'why', created_by: `sh -c ${CHANGING}` });
    const seen = await host.run(
      [
        'sh',
        '-c',
        'cat /new /var/a/b/c; tail -n1 /etc/group; ls /etc/shadow /usr 2>&1; stat -c "%a" /home; stat -c %h /new',
      ],
      { config: { Image: 'committed:1' } },
    );
    expect(seen.output).toBe('new\n1\nx\nls: /etc/shadow: No such file or directory\n/usr:\nonly\n700\n2\n');
    expect(host.actions(id)).toContain('commit');
    expect(await changes((await host.run(['true'], { config: { Image: 'committed:1' } })).id)).toEqual([]);
  });

  it('takes instructions and a configuration, and what is wrong leaves nothing', async () => {
    const { id } = await host.run(['true'], { config: { Env: ['A=1', 'B=2'], Labels: { l: '1' } } });
    const before = host.engine.images.list().length;
    await expect(commit(id, { changes: ['RUN x'] })).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(commit(id, { repository: 'Bad Name' })).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(commit('nosuch')).rejects.toMatchObject({ code: 'not_found' });
    expect(host.engine.images.list()).toHaveLength(before);
    const image = await commit(id, {
      config: { Env: ['A=9'], User: 'www-data' },
      changes: ['ENTRYPOINT ["/bin/echo"]', 'CMD ["hi"]', 'ENV C=3', 'LABEL m=2', 'EXPOSE 80'],
    });
    expect(image.config).toMatchObject({
      User: 'www-data',
      Entrypoint: ['/bin/echo'],
      Cmd: ['hi'],
      Labels: { l: '1', m: '2' },
      ExposedPorts: { '80/tcp': {} },
    });
    expect(image.config.Env).toEqual(expect.arrayContaining(['A=9', 'B=2', 'C=3']));
    // Nothing was written: no layer, and a step that says so.
    expect(image.history.at(-1)?.empty_layer).toBe(true);
  });

  it('is read while the container stands still, and it runs on afterwards', async () => {
    const { id } = await host.create(['sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i > /count; done']);
    await host.engine.containers.start(id);
    await expect.poll(() => changes(id)).toContain('a /count');
    const image = await commit(id, { repository: 'still' });
    expect(image.diffIds.length).toBeGreaterThan(1);
    expect(host.engine.containers.get(id)?.state.status).toBe('running');
    const actions = host.actions(id);
    expect(actions.filter((action) => ['pause', 'unpause', 'commit'].includes(action))).toEqual([
      'pause',
      'unpause',
      'commit',
    ]);
    await commit(id, { repository: 'moving', pause: false });
    expect(host.actions(id).filter((action) => action === 'pause')).toHaveLength(1);
    await host.engine.containers.remove(id, { force: true });
  });

  it('a container that a killed engine left standing still goes on', async () => {
    const { id } = await host.create(['sleep', '300']);
    await host.engine.containers.start(id);
    await host.engine.runtime.pause(id);
    await host.restart();
    expect(host.engine.containers.get(id)?.state.status).toBe('running');
    const { pid } = host.engine.containers.resolve(id).state;
    await expect.poll(() => readFileSync(join('/proc', String(pid), 'stat'), 'utf8')).toMatch(/\) S /);
    await host.engine.containers.remove(id, { force: true });
  });
});

describe('export', () => {
  it('is the whole root without mounts and without what was deleted, running or not', async () => {
    const { id } = await host.create(['sh', '-c', `${CHANGING}; touch /done; sleep 300`], {
      hostConfig: { Tmpfs: { '/mem': '' } },
    });
    await host.engine.containers.start(id);
    await expect.poll(() => changes(id)).toContain('a /done');
    const live = await exported(id);
    await host.engine.containers.stop(id, { timeout: 0 });
    const stopped = await exported(id);
    for (const files of [live, stopped]) {
      expect(files.get('hard')).toBe('new\n');
      expect(files.get('usr/only')).toBe('u\n');
      expect(files.has('etc/shadow')).toBe(false);
      expect(files.has('usr/bin/')).toBe(false);
      expect(files.get('proc/')).toBe('directory');
      expect([...files.keys()].filter((name) => name.startsWith('proc/'))).toHaveLength(1);
    }
    expect([...stopped.keys()]).toEqual([...live.keys()]);
    expect(host.actions(id).filter((action) => action === 'export')).toHaveLength(2);
    await host.engine.containers.remove(id, { force: true });
  });
});
