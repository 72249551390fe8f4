/** Times and values as text. Pure functions. */
import { PartialJSONValue } from '@lumino/coreutils';
import { writeLiteral } from '../literal';

/** A length of time: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return `${whole} s`;
  }
  if (whole < 3600) {
    return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  }
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}

/** A length of time that is still growing: whole seconds, so that it does not flicker. */
export function elapsed(seconds: number): string {
  return seconds < 10 ? `${Math.floor(seconds)} s` : duration(Math.floor(seconds));
}

/** A parameter or metric: numbers short (all digits are in the record), text as it is, the rest as Python writes it. */
export function value(found: unknown): string {
  if (typeof found === 'number') {
    return Number.isInteger(found) ? String(found) : String(Number(found.toPrecision(6)));
  }
  if (typeof found === 'string') {
    return found;
  }
  return found === undefined ? '' : writeLiteral(found as PartialJSONValue);
}

/** A point in time, by the reader's own clock and language: the time alone for today, with the date otherwise. */
export function moment(seconds: number, now = Date.now(), locale?: string): string {
  const then = new Date(seconds * 1000);
  const time = then.toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit' });
  if (then.toDateString() === new Date(now).toDateString()) {
    return time;
  }
  const sameYear = then.getFullYear() === new Date(now).getFullYear();
  const date = then.toLocaleDateString(locale, {
    day: 'numeric',
    month: 'short',
    year: sameYear ? undefined : 'numeric'
  });
  return `${date}, ${time}`;
}

/** A point in time in full. */
export function fullMoment(seconds: number, locale?: string): string {
  return new Date(seconds * 1000).toLocaleString(locale);
}

/** A size in bytes. */
export function size(bytes: number): string {
  if (bytes < 1000) {
    return `${bytes} B`;
  }
  const units = ['kB', 'MB', 'GB'];
  let found = bytes / 1000;
  let unit = 0;
  while (found >= 999.5 && unit < units.length - 1) {
    found /= 1000;
    unit += 1;
  }
  return `${found < 10 ? found.toFixed(1) : Math.round(found)} ${units[unit]}`;
}
