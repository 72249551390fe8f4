/** Values of parameters for the next run: from what a user types to JSON, checked by type. Pure functions. */
import { PartialJSONValue } from '@lumino/coreutils';
import type { IParameter } from './api';
import { readLiteral, writeLiteral } from './literal';

/** A value, or what is wrong with what was typed; `problem` names what is wanted. */
export type Typed = { value: PartialJSONValue } | { problem: ParameterProblem };
export type ParameterProblem = 'int' | 'float' | 'large' | 'bool' | 'list' | 'tuple' | 'dict' | 'literal';

const INT = /^[+-]?\d[\d_]*$/;
const FLOAT = /^[+-]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(e[+-]?\d+)?$/i;

/** Text that needs no quotes: a word, a path, an address. */
const PLAIN = /^[~./\\]*[\p{L}_][^'"()[\]{}]*$/u;

/** How a value is shown in an input. Texts stand there as they are; everything else as Python writes it. */
export function shown(parameter: IParameter): string {
  const value = parameter.default;
  if (value === undefined) {
    return '';
  }
  if (typeof value === 'string' && (parameter.type === 'str' || parameter.type === 'float')) {
    return value; // of a float: infinity and its like
  }
  if (typeof value === 'boolean' && parameter.type === 'bool') {
    return String(value);
  }
  const text = writeLiteral(value);
  return parameter.type === 'tuple' ? text.replace(/^\[(.*)\]$/s, '($1)') : text;
}

/**
 * What a user typed for a parameter. A whole number is a float where a float is wanted, `0.5` is never an int, and
 * a parameter whose default is None takes any literal of Python or JSON, and plain words as text.
 */
export function typed(type: IParameter['type'], text: string): Typed {
  const plain = text.trim();
  switch (type) {
    case 'str':
      return { value: text };
    case 'int':
      return INT.test(plain) ? number(plain, Number.isSafeInteger) : { problem: 'int' };
    case 'float':
      return FLOAT.test(plain) ? number(plain, Number.isFinite) : { problem: 'float' };
    case 'bool':
      return /^(true|false)$/i.test(plain) ? { value: plain.toLowerCase() === 'true' } : { problem: 'bool' };
    case 'list':
      return literal(plain, Array.isArray, 'list');
    case 'tuple':
      return literal(plain.replace(/^\((.*)\)$/s, '[$1]'), Array.isArray, 'tuple');
    case 'dict':
      return literal(plain, value => kindOf(value) === 'dict', 'dict');
    default:
      return anything(plain);
  }
}

/** What a value is, as Python names it. */
export function kindOf(value: PartialJSONValue): 'none' | 'bool' | 'int' | 'float' | 'str' | 'list' | 'dict' {
  if (value === null || Array.isArray(value)) {
    return value === null ? 'none' : 'list';
  }
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float';
    case 'string':
      return 'str';
    default:
      return 'dict';
  }
}

/** A number, unless JSON would make another one of it: infinity has no sign there. */
function number(plain: string, fits: (value: number) => boolean): Typed {
  const value = Number(plain.replace(/_/g, ''));
  return fits(value) ? { value } : { problem: 'large' };
}

function literal(plain: string, fits: (value: PartialJSONValue) => boolean, problem: ParameterProblem): Typed {
  const found = readLiteral(plain);
  return found && fits(found.value) ? found : { problem };
}

function anything(plain: string): Typed {
  if (plain === '') {
    return { value: null };
  }
  return readLiteral(plain) ?? (PLAIN.test(plain) ? { value: plain } : { problem: 'literal' });
}

/** What the user has typed for the parameters of one notebook. Kept until the page is closed; never in the notebook. */
export class ParameterValues {
  readonly texts = new Map<string, string>();

  /** The values for the next run: only those that differ from the notebook's own, and are right. */
  values(parameters: readonly IParameter[]): { [name: string]: PartialJSONValue } {
    const found: { [name: string]: PartialJSONValue } = {};
    for (const parameter of parameters) {
      const result = this.result(parameter);
      if (result && 'value' in result) {
        found[parameter.name] = result.value;
      }
    }
    return found;
  }

  /** Parameters whose typed text is not of their type. */
  problems(parameters: readonly IParameter[]): { [name: string]: ParameterProblem } {
    const found: { [name: string]: ParameterProblem } = {};
    for (const parameter of parameters) {
      const result = this.result(parameter);
      if (result && 'problem' in result) {
        found[parameter.name] = result.problem;
      }
    }
    return found;
  }

  private result(parameter: IParameter): Typed | undefined {
    const text = this.texts.get(parameter.name);
    return text === undefined || text === shown(parameter) ? undefined : typed(parameter.type, text);
  }
}
