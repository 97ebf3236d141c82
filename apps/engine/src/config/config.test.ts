import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigError, loadConfig, usage } from './config.ts';

const directory = mkdtempSync(join(tmpdir(), 'gantry-config-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const file = (text: string): string => {
  const path = join(directory, `${Math.random()}.json`);
  writeFileSync(path, text);
  return path;
};

describe('loadConfig', () => {
  test('argument wins over environment over file over default, and says where each came from', () => {
    const config = file('{"port": 1, "host": "10.0.0.1", "logLevel": "warn"}');
    const { config: result, settings } = loadConfig(['--port', '3', '--config', config], {
      GANTRY_PORT: '2',
      GANTRY_HOST: '10.0.0.2',
    });
    expect([result.port, result.host, result.logLevel, result.runtime]).toEqual([3, '10.0.0.2', 'warn', 'auto']);
    const source = (key: string) => settings.find((setting) => setting.key === key)?.source;
    expect(['port', 'host', 'logLevel', 'runtime'].map(source)).toEqual(['argument', 'environment', 'file', 'default']);
  });

  test('two data roots are two instances with run directories and sockets of their own', () => {
    const one = loadConfig(['--data-root', '/srv/a'], {}).config;
    const two = loadConfig(['--data-root', '/srv/b/'], {}).config;
    expect(one.instance).toMatch(/^[0-9a-f]{6}$/);
    expect(one.instance).not.toBe(two.instance);
    expect(one.socket).toBe(`/run/gantry/${one.instance}/docker.sock`);
    expect(two.dataRoot).toBe('/srv/b');
  });

  test('lists are comma separated in the environment and arrays in the file', () => {
    expect(loadConfig([], { GANTRY_ALLOWED_HOSTS: 'a.example, b.example' }).config.allowedHosts).toEqual([
      'a.example',
      'b.example',
    ]);
    expect(loadConfig(['--config', file('{"allowedHosts": ["c"]}')], {}).config.allowedHosts).toEqual(['c']);
  });

  test.each([
    [['--port', 'many'], {}, /--port must be 0 to 65535/],
    [['--port', '70000'], {}, /--port must be 0 to 65535/],
    [[], { GANTRY_RUNTIME: 'kata' }, /GANTRY_RUNTIME must be one of auto, runc, crun/],
    [['--data-root', 'relative'], {}, /--data-root must be an absolute path/],
    [['--nonsense'], {}, /nonsense/],
    [['--config', file('{')], {}, /is not JSON/],
    [['--config', file('[]')], {}, /one JSON object/],
    [['--config', file('{"prot": 1}')], {}, /unknown setting "prot"/],
    [['--config', file('{"port": "1x"}')], {}, /"port" must be/],
    [['--config', '/does/not/exist'], {}, /cannot read the settings file/],
  ])('%j %j is refused with the reason', (argv, env, message) => {
    expect(() => loadConfig(argv, env)).toThrow(ConfigError);
    expect(() => loadConfig(argv, env)).toThrow(message);
  });

  test('the help names every option with its default', () => {
    expect(usage()).toContain('--data-root');
    expect(usage()).toContain('[/var/lib/gantry]');
  });
});
