import type { Account } from './account.ts';
import type { TestEngine } from './engine.ts';

const BASE = 'gantry/busybox:latest';
const SHOP = ['--label', 'com.docker.compose.project=shop', '--network', 'shop_default'];
const HOME = ['--label', 'com.docker.compose.project=home'];

/** Programs that write as programs do: one line now and then, some of them in colour, some as JSON. */
const WEB = `#!/bin/sh
mkdir -p /srv/assets && echo '<h1>Shop</h1>' > /srv/index.html && touch /srv/assets/app.css /srv/assets/app.js
httpd -p 80 -h /srv
n=0; while :; do n=$((n+1))
echo "10.0.4.$((n%9+11)) GET /products/$((n*37%412)) 200 $((n*13%40+3))ms"
[ $((n%6)) -eq 0 ] && echo "10.0.4.17 POST /cart 201 $((n%30+20))ms"
[ $((n%11)) -eq 0 ] && printf '\\033[33mwarn\\033[0m upstream api took %s ms, retrying\\n' $((n%400+800)) >&2
[ $((n%23)) -eq 0 ] && printf '\\033[31merror\\033[0m GET /products/%s: connection reset by peer\\n' $n >&2
usleep 300000; done`;
const API = `#!/bin/sh
n=0; while :; do n=$((n+1))
echo "{\\"level\\":\\"info\\",\\"msg\\":\\"request done\\",\\"route\\":\\"/v1/orders\\",\\"status\\":200,\\"ms\\":$((n*7%90+4))}"
[ $((n%8)) -eq 0 ] && echo "{\\"level\\":\\"warn\\",\\"msg\\":\\"slow query\\",\\"table\\":\\"orders\\",\\"ms\\":$((n%300+500))}"
usleep 700000; done`;
const WORKER = `#!/bin/sh
while :; do i=0; while [ $i -lt 9000 ]; do i=$((i+1)); done; usleep 400000; done`;
const BACKUP = `#!/bin/sh
echo "scanning /data"
echo "Fatal: unable to open repository at /repo: no space left on device" >&2
exit 1`;
const idle = (line: string): string => `#!/bin/sh\necho "${line}"\nexec sleep 86400`;

/** Image, program, and how many kilobytes it has besides. */
const IMAGES: [image: string, script: string, kilobytes: number][] = [
  ['shop/web:2.14.1', WEB, 3100],
  ['shop/api:2.14.1', API, 4800],
  ['shop/worker:2.14.0', WORKER, 4100],
  ['postgres:17-alpine', idle('database system is ready to accept connections'), 6900],
  ['valkey/valkey:8', idle('Ready to accept connections tcp'), 2300],
  ['restic/backup:0.18', BACKUP, 1700],
  ['homeassistant/core:2026.11', idle('Home Assistant initialized'), 9400],
  ['grafana/grafana:12.2', idle('HTTP Server Listen address=[::]:3000'), 7300],
];

/** Containers, images, volumes and networks as somebody's server has them. */
export async function populate(engine: TestEngine, account: Account, webPort: number): Promise<void> {
  const { docker } = engine;
  for (const [image, script, kilobytes] of IMAGES) {
    const write = `cat > /bin/serve <<'END'\n${script}\nEND\nchmod +x /bin/serve; dd if=/dev/zero of=/lib.bin bs=1k count=${kilobytes} 2>/dev/null`;
    await docker('run', '--name', 'made', BASE, 'sh', '-c', write);
    await docker('commit', '--change', 'CMD ["serve"]', 'made', image);
    await docker('rm', 'made');
  }
  await docker('network', 'create', '--subnet', '10.77.3.0/24', 'shop_default');
  for (const volume of ['shop_pgdata', 'shop_uploads', 'home_config', 'backup_repo'])
    await docker('volume', 'create', volume);
  const run = (name: string, image: string, ...options: string[]): Promise<string> =>
    docker('run', '-d', '--name', name, ...options, image);
  const secret = ['-e', 'NODE_ENV=production', '-e', 'SESSION_SECRET=8c1f2e'];
  const stays = ['--restart', 'unless-stopped'];
  await run('shop-web', 'shop/web:2.14.1', ...SHOP, ...stays, ...secret, '-p', `${webPort}:80`, '-m', '256m');
  await run('shop-api', 'shop/api:2.14.1', ...SHOP, ...stays, '-m', '512m', '--cpus', '1');
  await run('shop-db', 'postgres:17-alpine', ...SHOP, '-m', '1g', '-v', 'shop_pgdata:/var/lib/postgresql/data');
  await run('shop-cache', 'valkey/valkey:8', ...SHOP, '-m', '128m');
  await run('shop-worker', 'shop/worker:2.14.0', ...SHOP, '-m', '256m', '--cpus', '0.25');
  await docker('run', '-d', '--name', 'shop-migrate', ...SHOP, 'shop/api:2.14.1', 'echo', 'applied 3 migrations');
  await run('hass', 'homeassistant/core:2026.11', ...HOME, ...stays, '-v', 'home_config:/config');
  await run('grafana', 'grafana/grafana:12.2', ...HOME);
  await run('grafana-old', 'grafana/grafana:12.2', ...HOME);
  await run('nightly-backup', 'restic/backup:0.18', '-v', 'backup_repo:/repo');
  const probe = ['--health-cmd', 'false', '--health-interval', '1s', '--health-retries', '1'];
  await run('mailer', 'shop/worker:2.14.0', ...probe, '--cpus', '0.1');
  await docker('create', '--name', 'report', 'shop/worker:2.14.0', 'report', '--month', '10');
  for (const [container, action] of [
    ['grafana-old', 'pause'],
    ['shop-cache', 'restart?t=0'],
  ])
    await account.request('POST', `/api/v1/hosts/local/docker/containers/${container}/${action}`);
}
