import http from 'node:http';

/** A Docker Engine API endpoint: `name=unix:///path` or `name=http://host:port`. */
export function openEndpoint(spec, processes) {
  const [, name, address] = /^([\w.-]+)=(.+)$/.exec(spec) ?? [];
  if (!name) throw new Error(`an endpoint is name=unix:///path or name=http://host:port, not ${spec}`);
  const url = new URL(address);
  const target = url.protocol === 'unix:' ? { socketPath: url.pathname } : { host: url.hostname, port: url.port };
  const agent = new http.Agent({ keepAlive: true });
  const head = (method, path, body) => ({
    ...target,
    method,
    path: `/v1.41${path}`,
    headers: body ? { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) } : {},
  });

  /** One request; the body as bytes, or handed to `onData` as it comes. */
  function call(method, path, payload, { onData, accept = [] } = {}) {
    const body = payload === undefined ? undefined : JSON.stringify(payload);
    return new Promise((resolve, reject) => {
      const request = http.request({ ...head(method, path, body), agent }, (response) => {
        const chunks = [];
        const good = response.statusCode < 400;
        response.on('data', (chunk) => (onData && good ? onData(chunk) : chunks.push(chunk)));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (good || accept.includes(response.statusCode)) resolve(text);
          else reject(new Error(`${name}: ${method} ${path}: ${response.statusCode} ${text.trim()}`));
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  /** A response that goes on until `stop`. */
  function follow(path, onData) {
    return new Promise((resolve, reject) => {
      const request = http.request(head('GET', path), (response) => {
        response.on('data', onData).on('error', () => undefined);
        const ended = new Promise((done) => response.once('close', done));
        resolve({ ended, stop: () => request.destroy() });
      });
      request.on('error', reject);
      request.end();
    });
  }

  /** Attach and exec: the connection itself after the answer. */
  function hijack(path, payload, onData) {
    const body = payload === undefined ? undefined : JSON.stringify(payload);
    return new Promise((resolve, reject) => {
      const options = head('POST', path, body);
      options.headers = { ...options.headers, Connection: 'Upgrade', Upgrade: 'tcp' };
      const request = http.request(options);
      request.on('upgrade', (_response, socket, first) => {
        const ended = new Promise((done) => socket.once('close', done));
        socket.on('data', onData).on('error', () => undefined);
        socket.on('end', () => socket.end());
        if (first.length > 0) onData(first);
        resolve({ socket, ended });
      });
      request.on('response', (response) => reject(new Error(`${name}: ${path}: ${response.statusCode}`)));
      request.on('error', reject);
      request.end(body);
    });
  }

  const json = async (method, path, payload) => JSON.parse((await call(method, path, payload)) || 'null');
  return { name, processes, call, json, follow, hijack, close: () => agent.destroy() };
}

/** Payload of Docker's frames; what is cut off by the end of a chunk waits for the next one. */
export function unframe(onPayload) {
  let rest = Buffer.alloc(0);
  let left = 0;
  return (chunk) => {
    let data = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    rest = Buffer.alloc(0);
    while (data.length > 0) {
      if (left === 0) {
        if (data.length < 8) {
          rest = data;
          return;
        }
        left = data.readUInt32BE(4);
        data = data.subarray(8);
      }
      const part = data.subarray(0, left);
      if (part.length > 0) onPayload(part);
      left -= part.length;
      data = data.subarray(part.length);
    }
  };
}
