/** The options of a step, a row each, checked by the server as they are typed. */
import { closeIcon } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Api, ICheckedTag, IOptionForm } from '../api';
import { IconButton } from '../panel/parts';
import { choices, optionParts } from './combined';
import { useLeaving } from './leaving';

interface IOptionsProps {
  api: Api;
  trans: TranslationBundle;
  forms: IOptionForm[];
  options: string[];
  /** Put `after` in the place of `before`; empty: none. */
  onChange: (before: string, after: string) => void;
}

interface IPreset {
  label: string;
  tag: string;
}

function presets(trans: TranslationBundle): IPreset[] {
  return [
    { label: trans.__('CPU'), tag: 'limit:cpu:' },
    { label: trans.__('Memory'), tag: 'limit:memory:' },
    { label: trans.__('Accelerator'), tag: 'limit:nvidia.com/gpu:1' },
    { label: trans.__('Image'), tag: 'image:' },
    { label: trans.__('Retries'), tag: 'retry:' },
    { label: trans.__('Timeout (seconds)'), tag: 'timeout:' },
    { label: trans.__('Cache'), tag: 'cache:disabled' },
    { label: trans.__('Environment variable'), tag: 'env::' },
    { label: trans.__('Secret'), tag: 'secret:::' }
  ];
}

/** A name for an option that users know, and the part that this name already says (-1: none). */
function title(tag: string, trans: TranslationBundle): { text: string; said: number } {
  const [kind, key] = tag.split(':');
  if (kind === 'limit' && (key === 'cpu' || key === 'memory')) {
    return { text: key === 'cpu' ? trans.__('CPU') : trans.__('Memory'), said: 0 };
  }
  if (kind === 'limit' && key?.includes('/')) {
    return { text: trans.__('Accelerator'), said: -1 };
  }
  const words: { [kind: string]: string } = {
    limit: trans.__('Limit'),
    request: trans.__('Request'),
    image: trans.__('Image'),
    retry: trans.__('Retries'),
    timeout: trans.__('Timeout'),
    cache: trans.__('Cache'),
    env: trans.__('Environment'),
    secret: trans.__('Secret')
  };
  return { text: words[kind] ?? kind, said: -1 };
}

export function Options({ api, trans, forms, options, onChange }: IOptionsProps): JSX.Element {
  const [drafts, setDrafts] = React.useState<{ id: number; tag: string }[]>([]);
  const next = React.useRef(0);
  const named = presets(trans);
  const add = (tag: string): void => setDrafts(now => [...now, { id: next.current++, tag }]);
  const drop = (id: number): void => setDrafts(now => now.filter(one => one.id !== id));
  const common = { api, trans, forms };
  return (
    <div className="jp-KaleLite-options">
      {options.map((tag, at) => (
        <OptionRow
          key={at}
          {...common}
          tag={tag}
          isNew={false}
          onCommit={after => onChange(tag, after)}
          onRemove={() => onChange(tag, '')}
        />
      ))}
      {drafts.map(draft => (
        <OptionRow
          key={`draft-${draft.id}`}
          {...common}
          tag={draft.tag}
          isNew
          onCommit={after => {
            drop(draft.id);
            onChange('', after);
          }}
          onRemove={() => drop(draft.id)}
        />
      ))}
      <select
        className="jp-KaleLite-select jp-KaleLite-addOption"
        aria-label={trans.__('Add an option')}
        value=""
        onChange={event => add(event.target.value)}
      >
        <option value="" disabled>
          {trans.__('Add an option…')}
        </option>
        {named.map(one => (
          <option key={one.tag} value={one.tag}>
            {one.label}
          </option>
        ))}
        <optgroup label={trans.__('More')}>
          {forms.map(form => (
            <option key={form.kind} value={`${form.kind}${':'.repeat(Math.max(1, form.form.length - 1))}`} title={form.help}>
              {form.kind}
            </option>
          ))}
        </optgroup>
      </select>
    </div>
  );
}

interface IRowProps extends Pick<IOptionsProps, 'api' | 'trans' | 'forms'> {
  tag: string;
  isNew: boolean;
  onCommit: (tag: string) => void;
  onRemove: () => void;
}

/** What the server says of a tag, a moment after it was typed. */
function useChecked(api: Api, tag: string): { checked: ICheckedTag | null; ask: () => Promise<ICheckedTag | null> } {
  const [checked, setChecked] = React.useState<ICheckedTag | null>(null);
  const current = React.useRef(tag);
  current.current = tag;
  const ask = React.useCallback(async () => {
    const found = (await api.checkTags([tag]).catch(() => []))[0] ?? null;
    if (current.current === tag) {
      setChecked(found);
    }
    return found;
  }, [api, tag]);
  React.useEffect(() => {
    const timer = setTimeout(() => void ask(), 120);
    return () => clearTimeout(timer);
  }, [ask]);
  return { checked: checked?.text === tag ? checked : null, ask };
}

function OptionRow({ api, trans, forms, tag, isNew, onCommit, onRemove }: IRowProps): JSX.Element {
  const form = forms.find(one => one.kind === tag.split(':')[0]);
  const shape = form?.form ?? [tag.split(':')[0], trans.__('value')];
  const [parts, setParts] = React.useState(() => optionParts(tag, shape));
  const [isTouched, setTouched] = React.useState(!isNew);
  const row = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => setParts(optionParts(tag, shape)), [tag]);
  React.useEffect(() => {
    if (isNew) {
      const inputs = [...(row.current?.querySelectorAll<HTMLInputElement | HTMLSelectElement>('input, select') ?? [])];
      (inputs.find(one => !one.value) ?? inputs[0])?.focus();
    }
  }, []);
  const text = [shape[0], ...parts].join(':');
  const { checked, ask } = useChecked(api, text);
  const problem = checked && checked.kind !== 'option' && isTouched ? checked : null;
  const { text: name, said } = title(tag, trans);
  /** False when what was typed is wrong. What cannot be checked now is taken as it is: the analysis tells later. */
  const commit = async (): Promise<boolean> => {
    const isTyped = text !== tag;
    const found = isTyped || isNew ? await ask() : null;
    if (found ? found.kind === 'option' : isTyped) {
      onCommit(text);
      return true;
    }
    return !isTyped;
  };
  useLeaving(() => {
    setTouched(true);
    return commit();
  });
  const id = React.useId();
  return (
    <div ref={row} className="jp-KaleLite-option" data-option={shape[0]} title={form?.help} onBlur={event => {
      if (!row.current?.contains(event.relatedTarget as Node | null)) {
        setTouched(true);
        void commit();
      }
    }}>
      <span className="jp-KaleLite-label">{name}</span>
      <span className="jp-KaleLite-parts">
        {parts.map((part, at) =>
          at === said ? null : (
            <Part
              key={at}
              name={shape[at + 1] ?? ''}
              label={`${name}: ${shape[at + 1] ?? ''}`}
              value={part}
              invalid={problem !== null}
              describedBy={problem ? id : undefined}
              onChange={value => {
                setTouched(true);
                setParts(now => now.map((one, index) => (index === at ? value : one)));
              }}
              onEnter={() => void commit()}
            />
          )
        )}
      </span>
      <IconButton icon={closeIcon} label={trans.__('Remove %1', name)} onClick={onRemove} />
      {problem && (
        <p id={id} className="jp-KaleLite-problem" role="alert">
          {problem.problem}
          {problem.suggestion && problem.suggestion !== shape.join(':') && (
            <button
              type="button"
              className="jp-KaleLite-link"
              onClick={() => setParts(optionParts(problem.suggestion, shape))}
            >
              {trans.__('Write %1', problem.suggestion)}
            </button>
          )}
        </p>
      )}
    </div>
  );
}

interface IPartProps {
  name: string;
  label: string;
  value: string;
  invalid: boolean;
  describedBy?: string;
  onChange: (value: string) => void;
  onEnter: () => void;
}

function Part({ name, label, value, invalid, describedBy, onChange, onEnter }: IPartProps): JSX.Element {
  const words = choices(name);
  const common = { 'aria-label': label, 'aria-invalid': invalid || undefined, 'aria-describedby': describedBy };
  return words.length ? (
    <select
      {...common}
      className="jp-KaleLite-select"
      value={value}
      onChange={event => onChange(event.target.value)}
    >
      {!words.includes(value) && <option value={value}>{value}</option>}
      {words.map(word => (
        <option key={word}>{word}</option>
      ))}
    </select>
  ) : (
    <input
      {...common}
      type="text"
      className="jp-KaleLite-input"
      spellCheck={false}
      placeholder={name.replace(/\[.*$/, '')}
      value={value}
      onChange={event => onChange(event.target.value)}
      onKeyDown={event => {
        if (event.key === 'Enter') {
          onEnter();
        }
      }}
    />
  );
}
