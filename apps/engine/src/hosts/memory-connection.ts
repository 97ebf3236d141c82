import { Agent, type AgentOptions, type ClientRequestArgs } from 'node:http';
import { Duplex } from 'node:stream';

/**
 * Two ends of one connection inside the process: what is written to one is
 * read from the other, with back-pressure; each direction can end alone, and
 * destroying one end destroys the other, as with a socket.
 */
export function createConnectionPair(): [Duplex, Duplex] {
  const ends: { a?: End; b?: End } = {};
  const a = new End(() => ends.b);
  const b = new End(() => ends.a);
  ends.a = a;
  ends.b = b;
  return [a, b];
}

/** A class because a stream is one: its protocol is overridden methods. */
class End extends Duplex {
  readonly #peer: () => End | undefined;
  #resume: (() => void) | undefined;

  constructor(peer: () => End | undefined) {
    super({ allowHalfOpen: true, emitClose: true });
    this.#peer = peer;
  }

  override _read(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const peer = this.#peer();
    if (!peer || peer.destroyed) {
      done(Object.assign(new Error('the other end is closed'), { code: 'EPIPE' }));
      return;
    }
    // Done when the reader wants more: that is the back-pressure.
    if (peer.push(chunk)) done();
    else peer.#resume = done;
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#peer()?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
    done(error);
    const peer = this.#peer();
    // What was written before is still read there; then it ends.
    if (peer && !peer.destroyed) {
      if (!peer.readableEnded && this.writableFinished) peer.once('end', () => peer.destroy());
      else peer.destroy();
    }
  }

  // What an HTTP client expects of a socket, without a kernel behind it.
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

/** An HTTP agent whose connections are made by `connect`: nothing of it touches the network. */
export function createMemoryAgent(connect: (serverEnd: Duplex) => void): Agent {
  // One connection per request: they cost nothing, and a connection that was taken over is never reused.
  return new MemoryAgent(connect, { keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
}

class MemoryAgent extends Agent {
  readonly #connect: (serverEnd: Duplex) => void;

  constructor(connect: (serverEnd: Duplex) => void, options: AgentOptions) {
    super(options);
    this.#connect = connect;
  }

  override createConnection(_options: ClientRequestArgs): Duplex {
    const [client, server] = createConnectionPair();
    this.#connect(server);
    return client;
  }
}
