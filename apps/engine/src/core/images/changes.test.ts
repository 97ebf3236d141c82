import { describe, expect, test } from 'vitest';
import { applyChanges } from './changes.ts';
import type { ImageConfig } from './types.ts';

describe('changes of a config', () => {
  test.each<[string[], ImageConfig]>([
    [['CMD echo "a b"'], { Cmd: ['/bin/sh', '-c', 'echo "a b"'] }],
    [['cmd ["a", "b"]'], { Cmd: ['a', 'b'] }],
    [['CMD ["a", 1]'], { Cmd: ['/bin/sh', '-c', '["a", 1]'] }],
    [['ENV A=1 B="x y" C=\\"q', 'ENV A=2'], { Env: ['B=x y', 'C="q', 'A=2'] }],
    [['ENV OLD form of it'], { Env: ['OLD=form of it'] }],
    [['LABEL "a b"=c __proto__=d'], { Labels: JSON.parse('{"a b":"c","__proto__":"d"}') }],
    [['EXPOSE 80 443/TCP 53/udp'], { ExposedPorts: { '80/tcp': {}, '443/tcp': {}, '53/udp': {} } }],
    [['VOLUME /a /b', 'VOLUME ["/c d"]'], { Volumes: { '/a': {}, '/b': {}, '/c d': {} } }],
    [['WORKDIR /a', 'WORKDIR b'], { WorkingDir: '/a/b' }],
    [['USER u:g', 'STOPSIGNAL SIGUSR1', 'ONBUILD RUN x'], { User: 'u:g', StopSignal: 'SIGUSR1', OnBuild: ['RUN x'] }],
    [['HEALTHCHECK NONE'], { Healthcheck: { Test: ['NONE'] } }],
    [
      ['HEALTHCHECK --interval=1m30s --timeout=500ms --retries=2 CMD ["a","b"]'],
      { Healthcheck: { Test: ['CMD', 'a', 'b'], Interval: 90e9, Timeout: 5e8, Retries: 2 } },
    ],
    [['CMD a\n# comment\nUSER x'], { Cmd: ['/bin/sh', '-c', 'a'], User: 'x' }],
  ])('%j', (changes, expected) => {
    expect(applyChanges({}, changes)).toEqual(expected);
  });

  test.each([
    ['RUN x', 'RUN is not a valid change command'],
    ['CMD', 'CMD requires at least one argument'],
    ['ENV =x', 'names can not be blank'],
    ['ENV A="x', 'matching quote'],
    ['LABEL x', 'LABEL must have two arguments'],
    ['EXPOSE http', 'invalid containerPort: http'],
    ['HEALTHCHECK --interval=x CMD true', 'invalid duration'],
    ['HEALTHCHECK --what=1 CMD true', 'unknown flag: what'],
    ['HEALTHCHECK', 'requires at least one argument'],
  ])('%j is refused', (change, message) => {
    expect(() => applyChanges({}, [change])).toThrow(message);
  });
});
