/** Values of parameters for the next run: from what a user types to JSON, checked by type. Pure functions. */
import { PartialJSONValue } from '@lumino/coreutils';
import type { IParameter } from './api';

/** A value, or what is wrong with what was typed; `problem` names what is wanted. */
export type Typed = { value: PartialJSONValue } | { problem: ParameterProblem };
export type ParameterProblem = 'int' | 'float' | 'large' | 'bool' | 'list' | 'dict' | 'json';

const INT = /^[+-]?\d[\d_]*$/;
const FLOAT = /^[+-]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(e[+-]?\d+)?$/i;

/** How a value is shown in an input. Texts stand there as they are; everything else as JSON. */
export function shown(parameter: IParameter): string {
  const value = parameter.default;
  if (value === undefined) {
    return '';
  }
  return parameter.type === 'str' && typeof value === 'string' ? value : JSON.stringify(value);
}

/**
 * What a user typed for a parameter. A whole number is a float where a float is wanted, `0.5` is never an int, and
 * a parameter whose default is None takes any JSON, or text that is none.
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
      return json(plain, Array.isArray, 'list');
    case 'dict':
      return json(plain, value => typeof value === 'object' && value !== null && !Array.isArray(value), 'dict');
    default:
      return anything(plain);
  }
}

/** A number, unless JSON would make another one of it: infinity has no sign there. */
function number(plain: string, fits: (value: number) => boolean): Typed {
  const value = Number(plain.replace(/_/g, ''));
  return fits(value) ? { value } : { problem: 'large' };
}

function json(plain: string, fits: (value: unknown) => boolean, problem: ParameterProblem): Typed {
  try {
    const value: PartialJSONValue = JSON.parse(plain);
    return fits(value) ? { value } : { problem };
  } catch {
    return { problem };
  }
}

function anything(plain: string): Typed {
  if (plain === '' || plain === 'None') {
    return { value: null };
  }
  try {
    return { value: JSON.parse(plain) };
  } catch {
    return /^[[{"]/.test(plain) ? { problem: 'json' } : { value: plain };
  }
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
