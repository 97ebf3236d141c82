import { EngineError } from '#core/errors.ts';
import type { Dockerfile, Instruction } from './instructions.ts';
import { parseError } from './lines.ts';
import { expandWord, type Variables } from './words.ts';

type From = Extract<Instruction, { kind: 'from' }>;

export type Stage = {
  index: number;
  /** In lower case; empty without `AS`. */
  name: string;
  from: From;
  /** The image's name or an earlier stage's, expanded. */
  base: string;
  /** Expanded; empty for the build's. */
  platform: string;
  /** Without FROM. */
  steps: Instruction[];
};

/** Earlier stage that a name or an index means; undefined for an image. */
export function findStage(stages: readonly Stage[], before: number, text: string): Stage | undefined {
  const name = text.toLowerCase();
  for (let index = Math.min(before, stages.length) - 1; index >= 0; index -= 1) {
    if (stages[index]!.name !== '' && stages[index]!.name === name) return stages[index];
  }
  const index = /^\d{1,4}$/.test(text) ? Number(text) : -1;
  return index >= 0 && index < before ? stages[index] : undefined;
}

/** What a stage takes from others, as written. */
function mentioned(step: Instruction): string[] {
  if (step.kind === 'copy' || step.kind === 'add') return step.from === '' ? [] : [step.from];
  if (step.kind !== 'run') return [];
  return step.mounts.flatMap((mount) => /(?:^|,)from=([^,]*)/.exec(mount)?.[1] ?? []);
}

/** The variables that FROM lines know: those given from outside where an ARG above the first FROM names them. */
export function globalVariables(
  file: Dockerfile,
  predefined: Variables,
  buildArgs: Variables,
): { declared: Map<string, string>; used: Set<string> } {
  const declared = new Map<string, string>();
  const used = new Set<string>();
  const known = new Map(predefined);
  for (const step of file.instructions) {
    if (step.kind !== 'arg') break;
    for (const { name: raw, value } of step.args) {
      const name = expandWord(raw, known, file.escapeChar);
      const given = buildArgs.get(name);
      if (given !== undefined) used.add(name);
      const text = given ?? (value === undefined ? undefined : expandWord(value, known, file.escapeChar));
      if (text === undefined) continue;
      declared.set(name, text);
      known.set(name, text);
    }
  }
  return { declared, used };
}

/** Errors: `invalid_argument`. */
export function planStages(file: Dockerfile, variables: Variables): Stage[] {
  const stages: Stage[] = [];
  for (const step of file.instructions) {
    if (step.kind === 'from') {
      const base = expandWord(step.image, variables, file.escapeChar);
      if (base === '') throw parseError(step.line, `base name (${step.image}) should not be blank`);
      stages.push({
        index: stages.length,
        name: step.stage,
        from: step,
        base,
        platform: expandWord(step.platform, variables, file.escapeChar),
        steps: [],
      });
    } else stages.at(-1)?.steps.push(step);
  }
  return stages;
}

/** Index of the stage to build: by name, by number, else the last. */
export function targetStage(stages: readonly Stage[], target: string): number {
  if (target === '') return stages.length - 1;
  const found = findStage(stages, stages.length, target);
  if (!found)
    throw new EngineError(
      'invalid_argument',
      `target stage ${JSON.stringify(target.slice(0, 200))} could not be found`,
    );
  return found.index;
}

/** The target and what it needs, in the order of the file. */
export function neededStages(stages: readonly Stage[], target: number): Stage[] {
  const needed = new Set<number>();
  const visit = (index: number): void => {
    if (needed.has(index)) return;
    needed.add(index);
    const stage = stages[index]!;
    for (const text of [stage.base, ...stage.steps.flatMap(mentioned)]) {
      const other = findStage(stages, index, text);
      if (other) visit(other.index);
    }
  };
  visit(target);
  return stages.filter(({ index }) => needed.has(index));
}
