/** What to type on a machine that is to become a runner. Pure. */

/** As part of an address. */
const host = (name: string): string => (name.includes(':') && !name.startsWith('[') ? `[${name}]` : name);

export const join = (hostname: string, port: number, token: string): string =>
  `runner join ${host(hostname)}:${port} ${token}`;

/** After joining, the runner knows where the controller is. */
export const START = 'runner start';

export const startAt = (hostname: string, port: number): string => `runner start --controller ${host(hostname)}:${port}`;

/** Whether every machine means itself by this name. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || /^127\./.test(hostname) || /^\[?::1\]?$/.test(hostname);
}
