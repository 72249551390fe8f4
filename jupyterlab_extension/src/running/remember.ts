/** Small things that are remembered in this browser: what was typed last. Nothing secret. */

const PREFIX = 'kale-lite:';

export function recall(name: string): string {
  try {
    return localStorage.getItem(PREFIX + name) ?? '';
  } catch {
    return ''; // storage is switched off
  }
}

/** Remember a text; an empty one takes up no room. */
export function remember(name: string, value: string): void {
  try {
    if (value) {
      localStorage.setItem(PREFIX + name, value);
    } else {
      localStorage.removeItem(PREFIX + name);
    }
  } catch {
    // it is typed again next time
  }
}

/** An address without what a password may stand in. */
export function withoutSecrets(address: string): string {
  return address.replace(/^([a-z]+:\/\/)[^/?#]*@/i, '$1').replace(/[?#].*$/, '');
}
