import { randomInt } from 'node:crypto';

/** How a container without a name is called: a mood and somebody whose work computing or seafaring rests on. */
const moods = (
  'able agile airy alert amber ample ardent artful autumn awake balmy beaming bold brave breezy bright brisk calm candid ' +
  'careful cheery civil clear clever cosy crisp curious daring deft eager earnest easy elated fair famed fearless ' +
  'fluent fond frank fresh gallant gentle glad gleeful golden graceful grand handy hardy hearty honest hopeful humble ' +
  'jaunty jolly jovial keen kind lively loyal lucid lucky mellow merry mighty modest neat nimble noble patient placid ' +
  'plucky polite prime proud quick quiet radiant rapid ready regal robust rosy serene sharp shiny silent silver sincere ' +
  'smart snug sober spry stable steady stoic sunny sure swift tender thrifty tidy tranquil trusty upbeat valiant vivid ' +
  'warm wise witty worthy zealous zesty'
).split(' ');

const surnames = (
  'abel allen amundsen backus banneker barton bartik baudot bell bernoulli bohm boole borg bourne brahe brooks carver ' +
  'cauchy cerf church clarke codd cook coulomb curie dahl daimler dijkstra drake earhart edison engelbart erdos euler ' +
  'faraday feinler fermat flowers floyd forsythe fourier frege galois gauss germain goldberg gosling haber hadamard ' +
  'halley hamilton hamming heaviside hellman herschel hertz hilbert hipparch hoare hollerith holberton huffman hudson ' +
  'huygens iverson jacquard jennings kahn karp kay kepler kernighan kilby knuth lamarr lampson laplace leibniz liskov ' +
  'lovelace magellan mauchly maxwell mccarthy meitner mendel metcalfe milner minsky moore nansen napier naur newell ' +
  'noether nygaard ohm pascal perlis perlman poincare postel rabin ramanujan ritchie sammet scott shackleton shannon ' +
  'sutherland tarjan tasman tesla thompson torvalds turing vaughan volta wheeler wilkes wirth yonath zuse'
).split(' ');

const pick = (words: readonly string[]): string => words[randomInt(words.length)] ?? 'plain';

/** `adjective_surname`; from the second attempt on with a number behind it, so that a full set of names still ends. */
export function randomName(attempt = 0): string {
  const name = `${pick(moods)}_${pick(surnames)}`;
  return attempt === 0 ? name : `${name}${randomInt(10 ** Math.min(attempt, 6))}`;
}
