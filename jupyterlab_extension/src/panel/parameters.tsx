/** The parameters of the pipeline, with the values of the next run. */
import { refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { IParameter } from '../api';
import { shown, typed } from '../parameters';
import { IconButton, IViewProps } from './parts';
import { problemWord, takenWord } from './words';

export function Parameters({ pipeline, trans }: IViewProps): JSX.Element {
  const parameters = pipeline.analysis?.parameters ?? [];
  if (!parameters.length) {
    return (
      <p className="jp-KaleLite-quiet">
        {trans.__('None yet. A cell of role Parameters gives typed values that a run may set.')}
      </p>
    );
  }
  return (
    <>
      <p className="jp-KaleLite-quiet">{trans.__('Values of the next run. The notebook keeps its own.')}</p>
      <div className="jp-KaleLite-parameters">
        {parameters.map(one => (
          <Parameter key={one.name} parameter={one} pipeline={pipeline} trans={trans} />
        ))}
      </div>
    </>
  );
}

type IParameterProps = Pick<IViewProps, 'pipeline' | 'trans'> & { parameter: IParameter };

function Parameter({ parameter, pipeline, trans }: IParameterProps): JSX.Element {
  const { name, type } = parameter;
  const id = React.useId();
  const own = shown(parameter);
  const text = pipeline.parameterText(name) ?? own;
  const problem = pipeline.parameterProblems[name];
  const isChanged = text !== own;
  const free = isChanged && (type === 'none' || type === 'any') ? typed(type, text) : null;
  const taken = free && 'value' in free ? takenWord(free.value, trans) : '';
  const [, redraw] = React.useReducer((count: number) => count + 1, 0);
  const set = (value: string): void => {
    pipeline.setParameter(name, value === own ? undefined : value);
    redraw(); // at once, or the cursor jumps
  };
  const isLong = type === 'list' || type === 'dict';
  return (
    <div className={`jp-KaleLite-parameter${isChanged ? ' jp-mod-changed' : ''}${isLong ? ' jp-mod-wide' : ''}`}>
      <label htmlFor={id} title={name}>
        {name}
      </label>
      <span className="jp-KaleLite-quiet">{type}</span>
      {type === 'bool' ? (
        <input
          id={id}
          type="checkbox"
          checked={text === 'true'}
          onChange={event => set(String(event.target.checked))}
        />
      ) : (
        <input
          id={id}
          type="text"
          className="jp-KaleLite-input"
          inputMode={type === 'int' ? 'numeric' : type === 'float' ? 'decimal' : 'text'}
          spellCheck={false}
          value={text}
          aria-invalid={problem ? true : undefined}
          aria-describedby={problem ? `${id}-problem` : taken ? `${id}-taken` : undefined}
          onChange={event => set(event.target.value)}
        />
      )}
      {isChanged && (
        <IconButton
          icon={refreshIcon}
          label={trans.__('Back to the value of the notebook: %1', own)}
          onClick={() => pipeline.setParameter(name, undefined)}
        />
      )}
      {taken && (
        <p id={`${id}-taken`} className="jp-KaleLite-quiet" style={{ gridColumn: '3 / -1' }}>
          {taken}
        </p>
      )}
      {problem && (
        <p id={`${id}-problem`} className="jp-KaleLite-problem" role="alert">
          {problemWord(problem, trans)}
        </p>
      )}
    </div>
  );
}
