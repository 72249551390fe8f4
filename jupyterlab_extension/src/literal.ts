/** Literals of Python as far as JSON has them too: read from what a user types, and written as Python shows them. */
import { PartialJSONValue } from '@lumino/coreutils';

const NUMBER = String.raw`[+-]?(?:(?:\d(?:_?\d)*)?\.\d(?:_?\d)*|\d(?:_?\d)*\.?)(?:[eE][+-]?\d+)?(?![\w.])`;
const QUOTED = String.raw`'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"`;
/** One sign, word, number or text, with the space before it. */
const TOKEN = new RegExp(String.raw`\s*(?:([[\]{},:])|([A-Za-z]+)|(${NUMBER})|${QUOTED})`, 'uy');
const WORDS = new Map<string, boolean | null>([['true', true], ['false', false], ['none', null], ['null', null]]);
const ESCAPES: { [sign: string]: string } = {
  n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v', a: '\x07', '\\': '\\', "'": "'", '"': '"', '/': '/'
};

/**
 * The value of a literal in the spelling of Python or of JSON: `None`, `True`, `1.5`, `'text'`, `['a', null]`, `{"a": 1}`.
 * Undefined for what is none, and for what JSON cannot carry as it is: numbers too large, keys that are no text.
 */
export function readLiteral(text: string): { value: PartialJSONValue } | undefined {
  try {
    return { value: new Reader(text).whole() };
  } catch {
    return undefined; // also what is nested too deep
  }
}

/** A value as Python writes it. */
export function writeLiteral(value: PartialJSONValue | undefined): string {
  if (value === null || value === undefined) {
    return 'None';
  }
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  if (typeof value === 'string') {
    const quoted = JSON.stringify(value);
    return /['\\]/.test(quoted.replace(/\\"/g, '')) ? quoted : `'${value}'`;
  }
  if (Array.isArray(value)) {
    return `[${value.map(writeLiteral).join(', ')}]`;
  }
  if (typeof value === 'object') {
    return `{${Object.entries(value).map(([key, one]) => `${writeLiteral(key)}: ${writeLiteral(one)}`).join(', ')}}`;
  }
  return String(value);
}

/** Goes through a text once; throws at what is no literal. */
class Reader {
  constructor(private readonly text: string) {
    this.next();
  }

  whole(): PartialJSONValue {
    const value = this.value();
    if (this.token) {
      throw new SyntaxError();
    }
    return value;
  }

  private value(): PartialJSONValue {
    const [, sign, word, number, single, double] = this.token ?? [];
    this.next();
    if (sign === '[') {
      return this.items(']', () => this.value());
    }
    if (sign === '{') {
      return Object.fromEntries(this.items('}', () => this.entry()));
    }
    const known = WORDS.get(word?.toLowerCase() ?? '');
    if (known !== undefined) {
      return known;
    }
    if (number !== undefined) {
      return toNumber(number);
    }
    const quoted = single ?? double;
    if (quoted === undefined) {
      throw new SyntaxError();
    }
    return unescaped(quoted);
  }

  private entry(): [string, PartialJSONValue] {
    const key = this.value();
    if (typeof key !== 'string' || this.sign !== ':') {
      throw new SyntaxError();
    }
    this.next();
    return [key, this.value()];
  }

  /** What stands between brackets, divided by commas; one more may stand at the end. */
  private items<T>(end: string, one: () => T): T[] {
    const found: T[] = [];
    while (this.sign !== end) {
      found.push(one());
      if (this.sign === ',') {
        this.next();
      } else if (this.sign !== end) {
        throw new SyntaxError();
      }
    }
    this.next();
    return found;
  }

  private get sign(): string | undefined {
    return this.token?.[1];
  }

  private next(): void {
    TOKEN.lastIndex = this.at;
    this.token = TOKEN.exec(this.text);
    if (!this.token && this.text.slice(this.at).trim()) {
      throw new SyntaxError();
    }
    this.at = TOKEN.lastIndex || this.text.length;
  }

  private token: RegExpExecArray | null = null;
  private at = 0;
}

function toNumber(text: string): number {
  const isWhole = /^[+-]?[\d_]+$/.test(text);
  const value = Number(text.replace(/_/g, ''));
  const leads = isWhole && /^[+-]?0[\d_]*[1-9]/.test(text); // 007 is no number of Python
  if (leads || !(isWhole ? Number.isSafeInteger(value) : Number.isFinite(value))) {
    throw new SyntaxError();
  }
  return value;
}

/** A text without its escapes; one that means nothing stays, as in Python. */
function unescaped(quoted: string): string {
  return quoted.replace(/\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|(.))/gu, (all, x, u, wide, sign: string) => {
    const code = x ?? u ?? wide;
    if (code !== undefined) {
      return String.fromCodePoint(parseInt(code, 16));
    }
    if (/[\dN]/.test(sign)) {
      throw new SyntaxError(); // octal numbers and names of signs
    }
    return ESCAPES[sign] ?? all;
  });
}
