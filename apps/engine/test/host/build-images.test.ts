// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the words of a Dockerfile look like that
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { archiveOf, type BuildPatch, bytesOf, createBuild, type Files, FROM } from './build-harness.ts';
import { type ContainerHost, IMAGE, openContainerHost } from './containers-harness.ts';

let host: ContainerHost;
let build: ReturnType<typeof createBuild>;
beforeAll(async () => {
  host = await openContainerHost();
  build = createBuild(host);
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});
afterEach(async () => {
  for (const { id } of host.engine.containers.all()) await host.engine.containers.remove(id, { force: true });
});

/** What a command prints in the image that a Dockerfile makes. */
async function inside(dockerfile: string, files: Files, script: string, patch: BuildPatch = {}): Promise<string> {
  const { id } = await build(dockerfile, files, patch);
  const { output } = await host.run(['sh', '-c', script], { config: { Image: id, Entrypoint: [''] } });
  return output.trim();
}
const image = (id: string) => host.engine.images.byId(id);
const leftovers = () => readdirSync(join(host.base, 'data/tmp')).filter((name) => name.startsWith('build-'));
const lines = (...all: string[]): string => all.join('\n');

describe('COPY and ADD', () => {
  const files: Files = {
    'a.txt': 'A',
    'b.txt': 'B',
    'sub/c.txt': 'C',
    'sub/x.log': 'L',
    'sub/empty': { type: 'directory', mode: 0o700 },
    'sub/link': { type: 'symlink', linkname: 'c.txt' },
    top: { type: 'symlink', linkname: 'a.txt' },
    run: { mode: 0o4750, size: 0, uid: 7, gid: 8 },
  };

  it('copies files, links, modes and empty directories as root; a link that is named is followed', async () => {
    const script =
      'cd /s && cat c.txt link; readlink link; stat -c "%a %u %n" empty /t/run /t/top; test -L /t/top || echo file';
    const shown = await inside(lines(FROM, 'COPY sub /s/', 'COPY top run /t/'), files, script);
    expect(shown).toBe('CCc.txt\n700 0 empty\n4750 0 /t/run\n644 0 /t/top\nfile');
  });

  it('takes patterns, --exclude, --chmod and --chown by name', async () => {
    const dockerfile = lines(FROM, 'COPY --chmod=640 --chown=www-data *.txt /w/', 'COPY --exclude=*.log sub /s');
    const shown = await inside(dockerfile, files, 'stat -c "%a %U %G %n" /w/*; ls /s');
    expect(shown).toBe('640 www-data www-data /w/a.txt\n640 www-data www-data /w/b.txt\nc.txt\nempty\nlink');
  });

  it('copies from stages by name and number, with their owners, and from images', async () => {
    const dockerfile = lines(
      `FROM ${IMAGE} AS one`,
      'RUN mkdir /d && echo x > /d/f && chown 5:6 /d/f',
      'FROM scratch',
      'COPY --from=one /d /kept/',
      'COPY --from=0 --chown=1:2 /d/f /given',
      `COPY --from=${IMAGE} /bin /bin`,
    );
    expect(await inside(dockerfile, {}, 'stat -c "%u:%g %n" /kept/f /given')).toBe('5:6 /kept/f\n1:2 /given');
  });

  it('ADD unpacks archives and nothing else', async () => {
    const inner = archiveOf({ 'in/f': 'inner', 'in/l': { type: 'link', linkname: 'in/f' } });
    const dockerfile = lines(FROM, 'ADD x.tar /e/', 'ADD plain.tar /e/', 'COPY x.tar /c/');
    const archives = { 'x.tar': inner, 'plain.tar': 'no archive' };
    const shown = await inside(dockerfile, archives, 'cat /e/in/f; stat -c %h /e/in/l; cat /e/plain.tar; echo; ls /c');
    expect(shown).toBe('inner2\nno archive\nx.tar');
  });

  it('keeps names of any bytes', async () => {
    const shown = await inside(
      `${FROM}COPY . /n/`,
      { 'd\xff\xfe': '1', 'd\xc3\xbf': '2' },
      'cd /n; for f in d*; do echo $f; done | od -An -tx1',
    );
    expect(shown.replace(/\s+/g, ' ')).toContain('64 c3 bf 0a 64 ff fe');
  });

  it('what .dockerignore names is not there, except what it takes back', async () => {
    const ignore = '*.txt\n!b.txt\nsub\n!sub/c.txt\nDockerfile\n.dockerignore\n';
    const find = 'cd /c; find . -type f | sort';
    expect(await inside(`${FROM}COPY . /c`, { ...files, '.dockerignore': ignore }, find)).toBe(
      './b.txt\n./run\n./sub/c.txt',
    );
    const own = { ...files, '.dockerignore': '*', 'Dockerfile.dockerignore': '**\n!a.txt' };
    expect(await inside(`${FROM}COPY . /c`, own, 'ls -A /c')).toBe('a.txt');
  });

  it.each([
    ['COPY nosuch /', 'COPY failed: file not found in build context or excluded by .dockerignore: stat nosuch'],
    ['COPY nosuch* /', 'COPY failed: no source files were specified'],
    ['COPY ../x /', 'COPY failed: forbidden path outside the build context: ../x ()'],
    ['COPY a.txt b.txt /x', 'the destination must be a directory and end with a /'],
    ['COPY --chown=nosuch a.txt /', 'COPY failed: unable to find user nosuch'],
    ['COPY --chmod=999 a.txt /', "COPY failed: invalid chmod parameter: '999'"],
    ['COPY a.txt /etc/passwd/', 'COPY failed: cannot copy to non-directory: /etc/passwd'],
  ])('%s fails', async (line, message) => {
    await expect(build(FROM + line, files)).rejects.toThrow(message);
  });
});

describe('RUN', () => {
  it('takes shell and exec form, SHELL, arguments and here-documents', async () => {
    const dockerfile = lines(
      'ARG OUT=out',
      FROM,
      'ARG OUT',
      'ARG WHO=nobody',
      'ENV E=env',
      'RUN echo "$WHO $E $OUT" > /1',
      'RUN ["sh", "-c", "echo exec > /2"]',
      'SHELL ["/bin/sh", "-ec"]',
      'RUN <<DOC',
      'echo "here $E" > /3',
      'DOC',
      'RUN <<DOC',
      '#!/bin/sh',
      'echo script > /4',
      'DOC',
      'RUN cat <<DOC > /5',
      'text',
      'DOC',
    );
    const buildArgs = new Map([['WHO', 'me']]);
    expect(await inside(dockerfile, {}, 'cat /1 /2 /3 /4 /5', { buildArgs })).toBe(
      'me env out\nexec\nhere env\nscript\ntext',
    );
  });

  it('deletes what lies below, and replaces a directory by a file', async () => {
    const dockerfile = lines(
      FROM,
      'RUN mkdir /d && touch /d/a /d/b',
      'RUN rm /etc/shadow /d/a',
      'RUN rm -r /d && echo f > /d',
    );
    expect(await inside(dockerfile, {}, '[ -e /etc/shadow ] || echo gone; cat /d')).toMatch(/gone\nf$/);
  });

  it('tells the code of a command that fails, and leaves nothing', async () => {
    const before = host.held();
    await expect(build(`${FROM}RUN exit 3`)).rejects.toMatchObject({
      message: "The command '/bin/sh -c exit 3' returned a non-zero code: 3",
      details: { exitCode: 3 },
    });
    await expect(build(`${FROM}RUN ["nosuch"]`)).rejects.toThrow('executable file not found');
    expect([host.engine.containers.all(), host.held(), leftovers()]).toEqual([[], before, []]);
  });

  it('is as confined as a container', async () => {
    const script = 'grep -E "^(Cap|Seccomp:|NoNew)" /proc/self/status; ls /dev | sort';
    const { output } = await host.run(['sh', '-c', script]);
    const { text } = await build(`${FROM}RUN ${script}`, {}, { noCache: true });
    expect(output).toContain('CapEff');
    expect(text).toContain(output.trim());
  });

  it('has mounts that leave no trace', async () => {
    const dockerfile = lines(
      FROM,
      'RUN --mount=type=cache,target=/var/c echo 1 >> /var/c/n; wc -l < /var/c/n',
      'RUN --mount=type=bind,source=d,target=/m cat /m/f; touch /m/x || echo read-only',
      'RUN --mount=type=tmpfs,target=/t,size=1m touch /t/x',
    );
    const files = { 'd/f': 'bound\n' };
    const first = await build(dockerfile, files, { noCache: true });
    const second = await build(dockerfile, files, { noCache: true });
    expect(first.text).toContain('bound\n');
    expect(first.text).toContain('read-only');
    expect(second.text).toMatch(/^2$/m);
    const { output } = await host.run(['ls', '/', '/var'], { config: { Image: second.id } });
    expect(output).toContain('usr');
    expect(output.split('\n').filter((name) => ['c', 'm', 't'].includes(name))).toEqual([]);
    const caches = await host.engine.builder.caches();
    expect(caches).toHaveLength(1);
    expect((await host.engine.builder.prune({ until: 1 })).ids).toEqual([]);
    expect((await host.engine.builder.prune({})).ids).toEqual([caches[0]!.id]);
    expect(await host.engine.builder.caches()).toEqual([]);
  });

  it('refuses mounts that the API cannot carry', async () => {
    await expect(build(`${FROM}RUN --mount=type=secret,id=x true`)).rejects.toThrow('needs BuildKit');
    await expect(build(`${FROM}RUN --mount=type=nosuch,target=/x true`)).rejects.toThrow('unsupported mount type');
    await expect(build(`${FROM}RUN --mount=type=tmpfs,target=/ true`)).rejects.toThrow('the target cannot be /');
    await expect(build(`${FROM}RUN --mount=type=bind,target=/x,source=nosuch true`)).rejects.toThrow('not found');
  });

  it('has the network that was asked for', async () => {
    const { text } = await build(`${FROM}RUN ls /sys/class/net`, {}, { networkMode: 'none', noCache: true });
    expect(text).toMatch(/^lo$/m);
    await expect(build(`${FROM}RUN --network=host true`)).rejects.toThrow(
      'only allowed in a build with --network host',
    );
    const hosts = { hostConfig: { ExtraHosts: ['foo:10.9.8.7'] } };
    expect((await build(`${FROM}RUN grep foo /etc/hosts`, {}, hosts)).text).toContain('10.9.8.7');
  });

  it('ends with the client', async () => {
    const before = host.held();
    const abort = new AbortController();
    let seen = '';
    const watched = createBuild(host, (text) => {
      seen = text;
      if (text.includes('begun\n')) abort.abort();
    });
    const options = { signal: abort.signal, noCache: true };
    await expect(watched(`${FROM}RUN echo begun; sleep 1000`, {}, options)).rejects.toThrow('the build was cancelled');
    expect(seen).toContain('begun\n');
    expect([host.engine.containers.all(), host.held(), leftovers()]).toEqual([[], before, []]);
  });

  it('proxies are there and stand nowhere', async () => {
    const buildArgs = new Map([['HTTP_PROXY', 'http://u:canary@p']]);
    const { id, text } = await build(`${FROM}RUN echo "p=$HTTP_PROXY"`, {}, { buildArgs, noCache: true });
    expect(text).toContain('p=http://u:canary@p');
    expect(text).not.toContain('not consumed');
    expect(JSON.stringify(image(id))).not.toContain('canary');
  });
});

describe('what is written about an image', () => {
  it('is what the instructions say', async () => {
    const dockerfile = lines(
      FROM,
      'MAINTAINER me',
      'LABEL a=1 k="v w" __proto__=x',
      'ENV A=1 B="two $A" A=3',
      'WORKDIR /w',
      'WORKDIR x',
      'USER daemon',
      'EXPOSE 80 53/udp 9000-9002',
      'VOLUME ["/data", "/more"]',
      'STOPSIGNAL SIGUSR1',
      'HEALTHCHECK --interval=5s --start-period=1m --retries=2 CMD true',
      'ONBUILD RUN x',
      'ENTRYPOINT ["echo"]',
      'CMD ["hi"]',
    );
    const { id } = await build(dockerfile, {}, { labels: new Map([['from', "it's out"]]) });
    const { config, author } = image(id)!;
    expect(author).toBe('me');
    expect(config).toMatchObject({
      WorkingDir: '/w/x',
      User: 'daemon',
      StopSignal: 'SIGUSR1',
      Entrypoint: ['echo'],
      Cmd: ['hi'],
      OnBuild: ['RUN x'],
      Volumes: { '/data': {}, '/more': {} },
      Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 5e9, StartPeriod: 6e10, Retries: 2 },
    });
    expect(config.Env).toEqual(expect.arrayContaining(['A=3', 'B=two ']));
    expect(Object.entries(config.Labels!)).toEqual([
      ['a', '1'],
      ['k', 'v w'],
      ['__proto__', 'x'],
      ['from', "it's out"],
    ]);
    expect(Object.keys(config.ExposedPorts!).sort()).toEqual(['53/udp', '80/tcp', '9000/tcp', '9001/tcp', '9002/tcp']);
  });

  it('an entrypoint takes the command of the image below away', async () => {
    const { id } = await build(`${FROM}ENTRYPOINT ["x"]`);
    expect(image(id)?.config.Cmd).toBeUndefined();
  });

  it.each([
    ['EXPOSE 70000', 'invalid containerPort: 70000'],
    ['EXPOSE 80/x', 'invalid proto: x'],
    ['STOPSIGNAL SIGNOPE', 'Invalid signal: SIGNOPE'],
    ['HEALTHCHECK --interval=1x CMD a', 'time: invalid duration'],
    ['ENV A="${B:?is missing}"', 'B: is missing'],
    ['WORKDIR /etc/passwd', 'is not a directory'],
  ])('%s fails', async (line, message) => {
    await expect(build(FROM + line)).rejects.toThrow(message);
  });

  it('ONBUILD is done in the child, once', async () => {
    await build(lines(FROM, 'ONBUILD RUN echo ob > /ob', 'ONBUILD ENV O=1'), {}, { tags: ['t-onbuild'] });
    const { id, text } = await build('FROM t-onbuild\nRUN true');
    expect(text).toContain('# Executing 2 build triggers');
    expect(image(id)?.config.OnBuild).toBeUndefined();
    expect((await host.run(['cat', '/ob'], { config: { Image: id } })).output.trim()).toBe('ob');
  });
});

describe('the cache', () => {
  const dockerfile = lines(FROM, 'COPY d /d', 'RUN cat /d/f > /out', 'CMD ["x"]');

  it('goes by content, not by time', async () => {
    const first = await build(dockerfile, { 'd/f': '1' });
    const second = await build(dockerfile, { 'd/f': '1' });
    expect(second.id).toBe(first.id);
    expect(second.text.match(/Using cache/g)).toHaveLength(3);
    const third = await build(dockerfile, { 'd/f': '2' });
    expect(third.text).not.toContain('Using cache');
    const fourth = await build(dockerfile, { 'd/f': '1' }, { noCache: true });
    expect(fourth.text).not.toContain('Using cache');
  });

  it('tells arguments and the files of mounts apart', async () => {
    const run = lines(FROM, 'ARG X', 'RUN echo $X');
    const one = await build(run, {}, { buildArgs: new Map([['X', '1']]) });
    const two = await build(run, {}, { buildArgs: new Map([['X', '2']]) });
    expect(two.id).not.toBe(one.id);
    const bound = `${FROM}RUN --mount=target=/m,source=d cat /m/f`;
    expect((await build(bound, { 'd/f': 'one' })).id).not.toBe((await build(bound, { 'd/f': 'two' })).id);
  });

  it('takes the steps of an image made elsewhere when told to', async () => {
    const steps = lines(FROM, 'RUN date > /t; echo $$ >> /t', 'ENV X=1');
    const made = await build(steps, {}, { tags: ['t-cachefrom'] });
    const diffIds = image(made.id)?.diffIds;
    const chunks: Buffer[] = [];
    for await (const chunk of await host.engine.images.save(['t-cachefrom'])) chunks.push(chunk as Buffer);
    await host.engine.images.remove('t-cachefrom');
    expect(image(made.id)).toBeUndefined();
    await host.engine.images.load({ source: bytesOf(Buffer.concat(chunks)), quiet: true });
    const again = await build(steps, {}, { cacheFrom: ['t-cachefrom'] });
    expect(again.text.match(/Using cache/g)).toHaveLength(2);
    expect(image(again.id)?.diffIds).toEqual(diffIds);
  });

  it('gives the same image twice with SOURCE_DATE_EPOCH', async () => {
    const steps = lines(FROM, 'WORKDIR /w/x', 'COPY f /f', 'RUN touch /new /w/x/y');
    const options = { buildArgs: new Map([['SOURCE_DATE_EPOCH', '1700000000']]), noCache: true };
    const once = await build(steps, { f: '1' }, options);
    const twice = await build(steps, { f: '1' }, options);
    expect(twice.id).toBe(once.id);
    expect(image(once.id)?.created).toBe('2023-11-14T22:13:20Z');
  });
});

describe('the images of a build', () => {
  it('intermediate ones are hidden, kept from removal, and go with the last name', async () => {
    const before = host.engine.images.all().map(({ id }) => id);
    const steps = lines(FROM, 'ENV UNIQUE=1', 'RUN echo u > /u', 'CMD ["y"]');
    const { id } = await build(steps, {}, { tags: ['t-chain:1', 't-chain:2'] });
    const shown = host.engine.images.list().map((record) => record.id);
    const added = host.engine.images.all().filter((record) => !before.includes(record.id));
    expect(added).toHaveLength(3);
    expect(added.filter((record) => shown.includes(record.id)).map((record) => record.id)).toEqual([id]);
    const { parent } = image(id)!;
    await expect(host.engine.images.remove(parent)).rejects.toThrow('image has dependent child images');
    const history = host.engine.images.history(id);
    expect(history.slice(0, 3).map((step) => step.id)).toEqual([id, parent, image(parent)!.parent]);
    await host.engine.images.remove('t-chain:1');
    expect(image(id)).toBeDefined();
    await host.engine.images.remove('t-chain:2');
    expect(host.engine.images.all().map((record) => record.id)).toEqual(before);
  });

  it('are left by a prune while the build goes on', async () => {
    let pruned: Promise<unknown> | undefined;
    const watched = createBuild(host, (text) => {
      if (text.includes('Running in')) pruned ??= host.engine.images.prune({ dangling: true });
    });
    const { id } = await watched(lines(FROM, 'ENV PRUNED=1', 'RUN sleep 1', 'ENV MORE=1'));
    await pruned;
    expect(image(image(image(id)!.parent)!.parent)?.config.Env).toContain('PRUNED=1');
  });

  it('only the stages that are needed are built', async () => {
    const dockerfile = lines(
      `FROM ${IMAGE} AS a`,
      'RUN echo a > /a',
      `FROM ${IMAGE} AS unused`,
      'RUN exit 1',
      FROM,
      'COPY --from=a /a /b',
    );
    const { text, stages } = await build(dockerfile, {}, { noCache: true });
    expect(text).toContain('Step 4/4 : COPY --from=a /a /b');
    expect(stages).toHaveLength(2);
    expect((await build(dockerfile, {}, { target: 'a' })).id).toBe(stages[0]);
    await expect(build(dockerfile, {}, { target: 'unused' })).rejects.toThrow('non-zero code: 1');
  });

  it('a killed build leaves no container and no files behind the next start', async () => {
    const { id } = await host.create(['sleep', '1000']);
    await host.engine.containers.start(id);
    await host.restart(async () => {
      const room = join(host.base, 'data/tmp/build-0123456789abcdef');
      mkdirSync(room, { recursive: true });
      writeFileSync(join(room, 'containers'), `${id}\nnonsense\n`);
    });
    build = createBuild(host);
    expect(host.engine.containers.all()).toEqual([]);
    expect(leftovers()).toEqual([]);
  });
});
