// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the words of a Dockerfile look like that
import { describe, expect, it } from 'vitest';
import { expandHeredoc, expandWord, expandWords, rawWords } from './words.ts';

const variables = new Map([
  ['A', 'a'],
  ['PATH_', '/usr/local/bin/tool.tar.gz'],
  ['EMPTY', ''],
  ['TWO', 'x y'],
  ['__proto__', 'p'],
]);
const expand = (word: string): string => expandWord(word, variables, '\\');

describe('a word', () => {
  it.each([
    ['$A', 'a'],
    ['${A}b', 'ab'],
    ['$Ab', ''],
    ['\\$A', '$A'],
    ["'$A'", '$A'],
    ['"$A"', 'a'],
    ['"\\$A \\x"', '$A \\x'],
    ['a\\ b', 'a b'],
    ['$', '$'],
    ['$.', '$.'],
    ['${NO:-d}', 'd'],
    ['${NO-d}', 'd'],
    ['${EMPTY:-d}', 'd'],
    ['${EMPTY-d}', ''],
    ['${A:+d}', 'd'],
    ['${EMPTY:+d}', ''],
    ['${EMPTY+d}', 'd'],
    ['${NO:-${A}}', 'a'],
    ['${NO:-"$A }"}', 'a }'],
    ['${PATH_#*/}', 'usr/local/bin/tool.tar.gz'],
    ['${PATH_##*/}', 'tool.tar.gz'],
    ['${PATH_%.*}', '/usr/local/bin/tool.tar'],
    ['${PATH_%%.*}', '/usr/local/bin/tool'],
    ['${PATH_/local/x}', '/usr/x/bin/tool.tar.gz'],
    ['${PATH_//[.]/-}', '/usr/local/bin/tool.tar.gz'],
    ['${PATH_//./-}', '/usr/local/bin/tool-tar-gz'],
    ['${TWO}', 'x y'],
    ['$__proto__', 'p'],
    ['$constructor', ''],
  ])('%s is %j', (word, value) => {
    expect(expand(word)).toBe(value);
  });

  it.each([
    ["'open", 'matching single-quote'],
    ['"open', 'matching double-quote'],
    ['${A', "missing '}'"],
    ['${', "missing '}'"],
    ['${}', 'bad substitution'],
    ['${A!b}', 'unsupported modifier'],
    ['${NO:?gone}', 'NO: gone'],
    ['${NO?}', 'NO: not allowed to be unset'],
  ])('%s is an error', (word, message) => {
    expect(() => expand(word)).toThrow(message);
  });

  it('takes another escape character', () => {
    expect(expandWord('a`$b\\c', variables, '`')).toBe('a$b\\c');
  });
});

describe('bounds', () => {
  it('refuses a value that grows without end', () => {
    let value = 'x'.repeat(1024);
    const grow = () => {
      for (let round = 0; round < 40; round += 1) value = expandWord('$V$V', new Map([['V', value]]), '\\');
    };
    expect(grow).toThrow('larger than 1 MiB');
    expect(value.length).toBeLessThanOrEqual(1024 * 1024);
  });

  it('refuses deep nesting instead of running out of stack', () => {
    expect(() => expand('${A:-'.repeat(100_000))).toThrow('nested too deeply');
  });

  it('gives up on a pattern made to be slow', () => {
    const slow = new Map([['V', 'a'.repeat(500_000)]]);
    const before = performance.now();
    expect(() => expandWord(`\${V//${'*a'.repeat(200)}b/x}`, slow, '\\')).toThrow('takes too long');
    expect(performance.now() - before).toBeLessThan(20_000);
  });
});

describe('words', () => {
  it('splits what variables hold, outside of quotes', () => {
    expect(expandWords('$TWO "$TWO" z', variables, '\\')).toEqual(['x', 'y', 'x y', 'z']);
  });

  it('keeps quotes when it only separates', () => {
    expect(rawWords('a="b c" d\\ e \'f g\'', '\\')).toEqual(['a="b c"', 'd\\ e', "'f g'"]);
  });

  it('quotes in a here-document are text', () => {
    expect(expandHeredoc('"$A" \'$A\' \\$A \\n', variables)).toBe('"a" \'a\' $A \\n');
  });
});
