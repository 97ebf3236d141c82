/** What the measures do with containers. All carry the label `gantry-bench`, and what is left is removed at the end. */
export const LABEL = 'gantry-bench';

export async function create(api, image, command, { network = 'none', ...more } = {}) {
  const { Id } = await api.json('POST', '/containers/create', {
    Image: image,
    Cmd: command,
    Labels: { [LABEL]: '1' },
    ...more,
    HostConfig: { NetworkMode: network, ...more.HostConfig },
  });
  return Id;
}

export const start = (api, id) => api.call('POST', `/containers/${id}/start`);
export const wait = (api, id) => api.json('POST', `/containers/${id}/wait`);
export const remove = (api, id) => api.call('DELETE', `/containers/${id}?force=1&v=1`, undefined, { accept: [404] });

export async function withContainer(api, image, command, options, work) {
  const id = await create(api, image, command, options);
  try {
    await start(api, id);
    return await work(id);
  } finally {
    await remove(api, id);
  }
}

/** Runs a command; resolves when its stream has ended. */
export async function execute(api, id, command, onData = () => undefined) {
  const options = { Cmd: command, AttachStdout: true, AttachStderr: true };
  const { Id } = await api.json('POST', `/containers/${id}/exec`, options);
  const { ended } = await api.hijack(`/exec/${Id}/start`, { Detach: false, Tty: false }, onData);
  await ended;
}

/** Some at a time. */
export async function each(list, atOnce, work) {
  const queue = [...list.entries()];
  const results = [];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = queue.shift(); next; next = queue.shift()) results[next[0]] = await work(next[1], next[0]);
    }),
  );
  return results;
}

export async function removeAll(api) {
  const filters = encodeURIComponent(JSON.stringify({ label: [LABEL] }));
  const found = await api.json('GET', `/containers/json?all=1&filters=${filters}`);
  await each(found, 4, ({ Id }) => remove(api, Id));
}
