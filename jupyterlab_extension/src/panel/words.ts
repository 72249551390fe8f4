/** Roles, dependencies and steps in words. */
import { TranslationBundle } from '@jupyterlab/translation';
import { PartialJSONValue } from '@lumino/coreutils';
import type { IDependency, IPipeline, IStep, Role } from '../api';
import { placeOf } from '../cells';
import { kindOf, ParameterProblem } from '../parameters';

export function roleWord(role: Role, trans: TranslationBundle): string {
  const words: { [role in Role]: string } = {
    step: trans.__('Step'),
    imports: trans.__('Imports'),
    functions: trans.__('Functions'),
    parameters: trans.__('Parameters'),
    metrics: trans.__('Metrics'),
    notebook: trans.__('Notebook'),
    skip: trans.__('Skipped')
  };
  return words[role] ?? role;
}

/** Why one step waits for another, for one name. */
export function reasonWord(one: IDependency, pipeline: IPipeline, trans: TranslationBundle): string {
  const kinds: { [kind in IDependency['kind']]: string } = {
    data: trans.__('value'),
    shared: trans.__('object that is shared and changed'),
    state: trans.__('state of the interpreter'),
    file: trans.__('file'),
    service: trans.__('outside service'),
    declared: trans.__('declared order')
  };
  const kind = kinds[one.kind] ?? one.kind;
  const what = one.name ? `${one.name}: ${kind}` : kind;
  if (!one.cell) {
    return what;
  }
  const { notebook, cell } = placeOf(pipeline, one.cell);
  const place = one.line
    ? trans.__('cell %1, line %2', String(cell), String(one.line))
    : trans.__('cell %1', String(cell));
  return `${what} (${notebook ? trans.__('%1 of %2', place, notebook) : place})`;
}

/** What a parameter's value should be. */
export function problemWord(problem: ParameterProblem, trans: TranslationBundle): string {
  const words: { [problem in ParameterProblem]: string } = {
    int: trans.__('A whole number is wanted, such as 3.'),
    float: trans.__('A number is wanted, such as 0.5.'),
    large: trans.__('A number that is not so large is wanted.'),
    bool: trans.__('true or false is wanted.'),
    list: trans.__("A list is wanted, such as [1, 'two']."),
    tuple: trans.__("A tuple is wanted, such as (1, 'two')."),
    dict: trans.__("A dictionary is wanted, such as {'a': 1}."),
    literal: trans.__("This is no value of Python. Text goes in quotes: 'like this'.")
  };
  return words[problem];
}

/** What a value that was typed without a type is taken as. */
export function takenWord(value: PartialJSONValue, trans: TranslationBundle): string {
  const words: { [kind in ReturnType<typeof kindOf>]: string } = {
    none: trans.__('Taken as None'),
    bool: trans.__('Taken as true or false'),
    int: trans.__('Taken as a whole number'),
    float: trans.__('Taken as a number'),
    str: trans.__('Taken as text'),
    list: trans.__('Taken as a list'),
    dict: trans.__('Taken as a dictionary')
  };
  return words[kindOf(value)];
}

/** A step and what flows through it, on one line: for a picture's title. */
export function pipelineText(step: IStep): string {
  const inputs = step.inputs.length ? `${step.inputs.join(', ')} → ` : '';
  const outputs = step.outputs.length ? ` → ${step.outputs.join(', ')}` : '';
  return `${inputs}${step.name}${outputs}`;
}
