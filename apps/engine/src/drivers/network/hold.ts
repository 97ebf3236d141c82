import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { EngineError } from '#core/errors.ts';
import type { HeldPort, HostPort } from '#core/networks/ports.ts';

/**
 * A published port is translated before any socket sees it, so nothing ever
 * arrives here. The socket is there so that the port is taken: for other
 * programs, and for us when another program has it.
 */
export async function holdPort(port: HostPort): Promise<HeldPort> {
  if (port.protocol === 'tcp') return holdTcp(port);
  if (port.protocol === 'udp') return holdUdp(port);
  // Node has no SCTP sockets; the engine's own records are all there is.
  return { release: async () => undefined };
}

function translate(error: NodeJS.ErrnoException, port: HostPort): EngineError {
  const where = `${port.ip}:${port.port}`;
  if (error.code === 'EADDRINUSE') {
    return new EngineError(
      'conflict',
      `failed to bind host port for ${where}/${port.protocol}: address already in use`,
    );
  }
  if (error.code === 'EADDRNOTAVAIL') {
    const text = `failed to bind host port for ${where}/${port.protocol}: cannot assign requested address`;
    return new EngineError('invalid_argument', text);
  }
  return new EngineError('internal', `failed to bind host port for ${where}/${port.protocol}`, { cause: error });
}

function holdTcp(port: HostPort): Promise<HeldPort> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', (error) => reject(translate(error, port)));
    server.listen({ host: port.ip, port: port.port, exclusive: true, backlog: 1 }, () => {
      server.removeAllListeners('error');
      server.on('error', () => undefined); // A failed accept of a connection nobody should make.
      server.unref();
      resolve({ release: () => new Promise((done) => server.close(() => done())) });
    });
  });
}

function holdUdp(port: HostPort): Promise<HeldPort> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: false });
    socket.once('error', (error) => {
      socket.close();
      reject(translate(error, port));
    });
    socket.bind({ address: port.ip, port: port.port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      socket.on('error', () => undefined); // An ICMP error for a packet nobody sent.
      socket.unref();
      resolve({ release: () => new Promise((done) => socket.close(() => done())) });
    });
  });
}
