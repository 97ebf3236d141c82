/** Which text is an address, by Node's own parser. */
export { isIP, isIPv4, isIPv6 } from 'node:net';
