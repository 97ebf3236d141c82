import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadSpecification } from '../specification.ts';

const GOLDEN: readonly [file: string, definition: string, isList?: boolean][] = [
  ['container-inspect', 'ContainerInspectResponse'],
  ['containers-json', 'ContainerSummary', true],
  ['network', 'Network'],
  ['network-inspect', 'Network'],
  ['volume', 'Volume'],
  ['volume-usage', 'Volume'],
];
const specification = loadSpecification();

test.each(GOLDEN)('the golden %s is a valid %s of the API specification', (file, definition, isList = false) => {
  if (!specification) {
    console.info(`not compared: the API specification is not here (GANTRY_DOCKER_SPEC), so ${file} stays unjudged`);
    return;
  }
  const text = readFileSync(join(import.meta.dirname, `../golden/${file}.json`), 'utf8');
  const answer: unknown = JSON.parse(text);
  const faults = (isList ? (answer as unknown[]) : [answer]).flatMap((each) => specification.faults(definition, each));
  expect(faults).toEqual([]);
});

test('the comparison finds a wrong type and a field that nobody knows', () => {
  if (!specification) return;
  expect(specification.faults('Volume', { Name: 3 }).join()).toContain('/Name');
  expect(specification.faults('Volume', { Nome: 'x' }).join()).toContain('Nome');
});
