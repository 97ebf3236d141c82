// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the words of a Dockerfile look like that
import { describe, expect, it } from 'vitest';
import { type Instruction, parseDockerfile, parseTrigger } from './instructions.ts';
import { findStage, globalVariables, neededStages, planStages, targetStage } from './stages.ts';

const parse = (text: string): Instruction[] => parseDockerfile(text, 'Dockerfile').instructions;
const last = (text: string): Instruction => parse(`FROM a\n${text}`).at(-1)!;

describe('lines', () => {
  it('joins continued lines and leaves comments between them out', () => {
    const step = last('RUN a \\\n  # no\n\n  b \\  \n  c');
    expect(step).toMatchObject({ kind: 'run', line: 2, original: 'RUN a   b   c' });
  });

  it('a comment needs no hash at the first column, a hash inside a line is none', () => {
    expect(parse('FROM a\n   # x\nRUN echo # y')).toHaveLength(2);
    expect(last('RUN echo # y')).toMatchObject({ command: { shell: true, words: ['echo # y'] } });
  });

  it('takes another escape character', () => {
    const { instructions, escapeChar } = parseDockerfile('# escape=`\nFROM a\nRUN x `\n y\\\nRUN z', 'D');
    expect(escapeChar).toBe('`');
    expect(instructions).toHaveLength(3);
  });

  it('a directive below an instruction is a comment', () => {
    expect(parseDockerfile('FROM a\n# escape=`\nRUN x', 'D').escapeChar).toBe('\\');
  });

  it.each([
    ['# escape=x\nFROM a', "invalid escape token 'x' does not match ` or \\"],
    ['# escape=`\n# escape=`\nFROM a', 'only one escape parser directive can be used'],
    ['FROM a\nNONSENSE x', 'dockerfile parse error on line 2: unknown instruction: NONSENSE'],
    ['RUN x', 'no build stage in current context'],
    ['', 'the Dockerfile (Dockerfile) cannot be empty'],
    ['# only\n\n', 'the Dockerfile (Dockerfile) cannot be empty'],
    ['ARG x', 'no build stage in current context'],
    ['FROM a\nRUN <<EOF\nx', 'unterminated heredoc'],
    ['FROM a b', 'FROM requires either one or three arguments'],
    ['FROM a AS 1x', 'invalid name for build stage'],
    ['FROM a AS scratch', 'reserved name'],
    ['FROM a\nCOPY x', 'requires at least two arguments'],
    ['FROM a\nCOPY --nope x y', 'unknown flag: --nope'],
    ['FROM a\nCOPY --from x y', 'missing a value on flag: --from'],
    ['FROM a\nCOPY --link=maybe x y', 'expecting boolean value for flag link'],
    ['FROM a\nCOPY --from=a --from=b x y', 'duplicate flag specified: --from'],
    ['FROM a\nADD --from=a x y', 'unknown flag: --from'],
    ['FROM a\nENV a', 'ENV must have two arguments'],
    ['FROM a\nENV =a', 'ENV names can not be blank'],
    ['FROM a\nENV a=b c', "can't find = in"],
    ['FROM a\nCMD ["a", 1]', 'arrays must be comprised of strings only'],
    ['FROM a\nSHELL /bin/sh', 'SHELL requires the arguments to be in JSON form'],
    ['FROM a\nHEALTHCHECK SOON x', 'unknown type "SOON" in HEALTHCHECK'],
    ['FROM a\nHEALTHCHECK CMD', 'missing command after HEALTHCHECK CMD'],
    ['FROM a\nONBUILD ONBUILD RUN x', 'Chaining ONBUILD'],
    ['FROM a\nONBUILD FROM x', "FROM isn't allowed as an ONBUILD trigger"],
    ['FROM a\nRUN', 'RUN requires at least one argument'],
    ['FROM a\nRUN --network=other x', 'unsupported network mode'],
    ['FROM a\nRUN --security=insecure x', 'not allowed'],
  ])('refuses %j', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});

describe('instructions', () => {
  it('reads shell and exec form', () => {
    expect(last('CMD ["a", "b c"]')).toMatchObject({ command: { shell: false, words: ['a', 'b c'] } });
    expect(last('CMD [a, b]')).toMatchObject({ command: { shell: true, words: ['[a, b]'] } });
  });

  it('reads flags before the arguments only', () => {
    expect(last('COPY --from=x --chown=1:2 --exclude=a --exclude=b s1 s2 t/')).toMatchObject({
      from: 'x',
      chown: '1:2',
      excludes: ['a', 'b'],
      sources: ['s1', 's2'],
      target: 't/',
    });
    expect(last('RUN ls --color')).toMatchObject({ command: { words: ['ls --color'] } });
  });

  it('reads here-documents of RUN and COPY', () => {
    const [, run, copy] = parse('FROM a\nRUN <<EOF\na\n  b\nEOF\nCOPY <<-"X" <<Y /t/\n\tone\n\tX\ntwo\nY\n');
    expect(run).toMatchObject({ heredocs: [{ name: 'EOF', expand: true, text: 'a\n  b\n' }] });
    expect(copy).toMatchObject({
      sources: [],
      heredocs: [
        { name: 'X', expand: false, text: 'one\n' },
        { name: 'Y', expand: true, text: 'two\n' },
      ],
    });
  });

  it('does not take a shift or a quoted mark for a here-document', () => {
    expect(last('RUN echo "<<EOF" $((1<<2))')).toMatchObject({ heredocs: [] });
  });

  it('keeps what ONBUILD says for later', () => {
    expect(last('ONBUILD RUN echo $X')).toMatchObject({ kind: 'onbuild', expression: 'RUN echo $X' });
    expect(parseTrigger('COPY a b')).toMatchObject({ kind: 'copy' });
    expect(() => parseTrigger('RUN a\nRUN b')).toThrow('one instruction');
  });

  it('names of objects are no special labels', () => {
    expect(last('LABEL __proto__=x constructor=y')).toMatchObject({
      pairs: [
        { name: '__proto__', value: 'x' },
        { name: 'constructor', value: 'y' },
      ],
    });
  });
});

describe('stages', () => {
  const text = [
    'ARG BASE=busybox',
    'FROM $BASE AS one',
    'FROM ${BASE}:2 AS unused',
    'FROM one AS two',
    'COPY --from=three /x /y',
    'FROM scratch AS three',
    'RUN --mount=type=bind,from=one,target=/o x',
    'FROM two',
    'COPY --from=2 /a /b',
  ].join('\n');
  const file = parseDockerfile(text, 'Dockerfile');
  const { declared } = globalVariables(file, new Map(), new Map([['BASE', 'alpine']]));
  const stages = planStages(file, declared);

  it('expands FROM by what is above it', () => {
    expect(stages.map(({ base }) => base)).toEqual(['alpine', 'alpine:2', 'one', 'scratch', 'two']);
  });

  it('needs only what the target is made of', () => {
    expect(neededStages(stages, 4).map(({ index }) => index)).toEqual([0, 2, 4]);
    expect(neededStages(stages, 3).map(({ index }) => index)).toEqual([0, 3]);
  });

  it('a later stage is an image', () => {
    expect(findStage(stages, 2, 'three')).toBeUndefined();
    expect(findStage(stages, 2, '7')).toBeUndefined();
  });

  it('finds the target by name in any case, by number, or takes the last', () => {
    expect(targetStage(stages, 'TWO')).toBe(2);
    expect(targetStage(stages, '1')).toBe(1);
    expect(targetStage(stages, '')).toBe(4);
    expect(() => targetStage(stages, 'nosuch')).toThrow('target stage "nosuch" could not be found');
  });

  it('a blank base is an error', () => {
    const blank = parseDockerfile('FROM $NOTHING', 'Dockerfile');
    expect(() => planStages(blank, new Map())).toThrow('base name ($NOTHING) should not be blank');
  });
});
