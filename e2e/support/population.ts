import type { TestEngine } from './engine.ts';

const BASE = 'gantry/busybox:latest';
const SHOP = ['--label', 'com.docker.compose.project=shop'];
const HOME = ['--label', 'com.docker.compose.project=home'];

const shell = (script: string): string[] => ['sh', '-c', script];

/** Writes a line now and then, as programs do. */
const WEB = `mkdir -p /srv && echo ok > /srv/index.html; httpd -p 80 -h /srv
n=0; while :; do n=$((n+1))
echo "10.0.4.$((n%9+11)) GET /products/$((n*37%412)) 200 $((n*13%40+3))ms"
[ $((n%6)) -eq 0 ] && echo "10.0.4.17 POST /cart 201 $((n%30+20))ms"
[ $((n%11)) -eq 0 ] && printf '\\033[33mwarn\\033[0m upstream api took %s ms, retrying\\n' $((n%400+800)) >&2
[ $((n%23)) -eq 0 ] && printf '\\033[31merror\\033[0m GET /products/%s: connection reset by peer\\n' $n >&2
usleep 400000; done`;
const API = `n=0; while :; do n=$((n+1))
echo "{\\"level\\":\\"info\\",\\"msg\\":\\"request done\\",\\"route\\":\\"/v1/orders\\",\\"status\\":200,\\"ms\\":$((n*7%90+4))}"
[ $((n%8)) -eq 0 ] && echo "{\\"level\\":\\"warn\\",\\"msg\\":\\"slow query\\",\\"table\\":\\"orders\\",\\"ms\\":$((n%300+500))}"
usleep 700000; done`;
const BUSY = 'while :; do i=0; while [ $i -lt 9000 ]; do i=$((i+1)); done; usleep 300000; done';

/** Containers, images, volumes and networks as somebody's server has them. */
export async function populate(engine: TestEngine, webPort: number): Promise<void> {
  const docker = engine.docker;
  for (const tag of [
    'shop/web:2.14.1',
    'shop/api:2.14.1',
    'shop/worker:2.14.0',
    'postgres:17-alpine',
    'valkey/valkey:8',
    'restic/backup:0.18',
    'homeassistant/core:2026.11',
    'grafana/grafana:12.2',
  ])
    await docker('tag', BASE, tag);
  await docker('network', 'create', '--subnet', '10.77.3.0/24', 'shop_default');
  for (const volume of ['shop_pgdata', 'shop_uploads', 'home_config', 'backup_repo'])
    await docker('volume', 'create', volume);
  const run = (name: string, options: string[], image: string, command: string[]): Promise<string> =>
    docker('run', '-d', '--name', name, ...options, image, ...command);
  const inShop = [...SHOP, '--network', 'shop_default'];
  await run(
    'shop-web',
    [
      ...inShop,
      '-p',
      `${webPort}:80`,
      '-m',
      '256m',
      '--restart',
      'unless-stopped',
      '-e',
      'NODE_ENV=production',
      '-e',
      'SESSION_SECRET=8c1f2e',
    ],
    'shop/web:2.14.1',
    shell(WEB),
  );
  await run(
    'shop-api',
    [...inShop, '-m', '512m', '--cpus', '1', '--restart', 'unless-stopped'],
    'shop/api:2.14.1',
    shell(API),
  );
  await run(
    'shop-db',
    [...inShop, '-m', '1g', '-v', 'shop_pgdata:/var/lib/postgresql/data'],
    'postgres:17-alpine',
    shell('echo "database system is ready to accept connections"; sleep 86400'),
  );
  await run(
    'shop-cache',
    [...inShop, '-m', '128m'],
    'valkey/valkey:8',
    shell('echo "Ready to accept connections tcp"; sleep 86400'),
  );
  await run('shop-worker', [...inShop, '-m', '256m', '--cpus', '0.25'], 'shop/worker:2.14.0', shell(BUSY));
  await run('shop-migrate', inShop, 'shop/api:2.14.1', shell('echo "applied 3 migrations"'));
  await run(
    'hass',
    [...HOME, '-v', 'home_config:/config'],
    'homeassistant/core:2026.11',
    shell('echo started; sleep 86400'),
  );
  await run('grafana', HOME, 'grafana/grafana:12.2', shell('echo "HTTP Server Listen"; sleep 86400'));
  await run(
    'nightly-backup',
    ['-v', 'backup_repo:/repo'],
    'restic/backup:0.18',
    shell('echo "scanning /data"; echo "Fatal: unable to open repository: no space left on device" >&2; exit 1'),
  );
  await run(
    'mailer',
    ['--health-cmd', 'false', '--health-interval', '1s', '--health-retries', '1'],
    'shop/worker:2.14.0',
    shell('sleep 86400'),
  );
  await docker('create', '--name', 'report', 'shop/worker:2.14.0', 'report', '--month', '10');
  await run('grafana-old', HOME, 'grafana/grafana:12.2', shell('sleep 86400'));
  await docker('pause', 'grafana-old');
}
