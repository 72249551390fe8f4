/** Small things that are remembered in this browser: what was typed last. Nothing secret. */

const PREFIX = 'kale-lite:';

export function recall(name: string): string {
  try {
    return localStorage.getItem(PREFIX + name) ?? '';
  } catch {
    return ''; // storage is switched off
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // it is typed again next time
  }
}

/** An address without what a password may stand in. */
export function withoutSecrets(address: string): string {
  return address.replace(/^([a-z]+:\/\/)[^/?#]*@/i, '$1').replace(/[?#].*$/, '');
}
