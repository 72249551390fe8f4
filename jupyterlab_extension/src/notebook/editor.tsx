/** The editor of what one or several cells are in the pipeline. */
import type { Cell } from '@jupyterlab/cells';
import { closeIcon } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Role } from '../api';
import { headingsAbove, joinAbove, proposedName, renameStep, splitAt, stepNames } from '../cells';
import { joinIcon, splitIcon } from '../icons';
import type { NotebookPipeline } from '../model';
import { Finding, sorted } from '../panel/findings';
import { IconButton } from '../panel/parts';
import { roleWord } from '../panel/words';
import { useSignal } from '../running/hooks';
import { foreignTags, ICellTags } from '../tags';
import type { IKaleLite } from '../tokens';
import { Combobox, IOffer } from './combobox';
import { combined, withAfter, withOption, withRole, withStep } from './combined';
import { InputsContext, useLeaving } from './leaving';
import { Options } from './options';
import { Popover } from './popover';

const ROLES: Role[] = ['step', 'imports', 'functions', 'parameters', 'metrics', 'skip'];

export interface IEditorContext {
  kale: IKaleLite;
  pipeline: NotebookPipeline;
  trans: TranslationBundle;
}

/** The editor as a box at the first of the cells. */
export class CellEditor extends Popover {
  constructor(
    private readonly context: IEditorContext,
    private readonly cells: Cell[],
    anchor: (cell: Cell) => HTMLElement
  ) {
    super(
      context.trans.__('Role and step of the cell'),
      () => (cells[0].isDisposed ? null : anchor(cells[0])),
      () => context.pipeline.panel.content.activate()
    );
    this.addClass('jp-KaleLite-CellEditor');
    context.pipeline.changed.connect(this.check, this);
    context.pipeline.disposed.connect(this.dispose, this);
  }

  dispose(): void {
    if (!this.isDisposed) {
      this.context.pipeline.changed.disconnect(this.check, this);
      this.context.pipeline.disposed.disconnect(this.dispose, this);
      super.dispose();
    }
  }

  /** Cells that were removed meanwhile cannot be edited. */
  private check(): void {
    if (this.cells.some(cell => cell.isDisposed)) {
      this.close();
    }
  }

  protected render(): JSX.Element {
    return (
      <InputsContext.Provider value={this.inputs}>
        <Form {...this.context} cells={this.cells} onClose={() => this.close()} />
      </InputsContext.Provider>
    );
  }
}

interface IFormProps extends IEditorContext {
  cells: Cell[];
  onClose: () => void;
}

/** The indices of the cells that are edited, where they are now. */
function indicesOf({ pipeline, cells }: IFormProps): number[] {
  const { widgets } = pipeline.panel.content;
  return cells.map(cell => widgets.indexOf(cell)).filter(index => index >= 0);
}

function Form(props: IFormProps): JSX.Element | null {
  const { kale, pipeline, trans, onClose } = props;
  useSignal(pipeline.changed);
  useSignal(kale.infoChanged);
  const [, redraw] = React.useReducer((count: number) => count + 1, 0);
  const indices = indicesOf(props);
  const name = React.useRef<HTMLInputElement>(null);
  const first = React.useRef<HTMLSelectElement>(null);
  React.useEffect(() => first.current?.focus(), []);
  if (!indices.length) {
    return null;
  }
  const views = pipeline.views;
  const now = combined(indices.map(index => views[index].tags));
  const edit = (change: (tags: ICellTags, index: number) => ICellTags): void => {
    pipeline.retag(indices, change);
    redraw();
  };
  const setRole = (role: Role | null): void => {
    const proposed = proposedName(views, indices[0]);
    edit(tags => withRole(tags, role, proposed));
    if (role === 'step') {
      setTimeout(() => name.current?.select(), 0);
    }
  };
  const hasStep = now.role === 'step' || now.role === 'metrics' || now.role === 'notebook';
  return (
    <>
      <Head {...props} indices={indices} />
      <div className="jp-KaleLite-form">
        <label className="jp-KaleLite-field">
          <span className="jp-KaleLite-label">{trans.__('Role')}</span>
          <select
            ref={first}
            className="jp-KaleLite-select"
            value={now.role === undefined ? 'mixed' : (now.role ?? 'none')}
            onChange={event => setRole(event.target.value === 'none' ? null : (event.target.value as Role))}
          >
            {now.role === undefined && <option value="mixed">{trans.__('(different)')}</option>}
            <option value="none">{trans.__('Goes on with the step above')}</option>
            {ROLES.map(role => (
              <option key={role} value={role}>
                {roleWord(role, trans)}
              </option>
            ))}
            {now.role === 'notebook' && <option value="notebook">{roleWord('notebook', trans)}</option>}
          </select>
        </label>
        {hasStep && <StepName {...props} indices={indices} now={now.step} inputRef={name} onEdit={edit} />}
        {hasStep && <After {...props} indices={indices} now={now.after} onEdit={edit} />}
        {(hasStep || now.role === null || now.options.length > 0) && (
          <div className="jp-KaleLite-field jp-mod-wide">
            <span className="jp-KaleLite-label">{trans.__('Options')}</span>
            <Options
              api={kale.api}
              trans={trans}
              forms={kale.known?.options ?? []}
              options={now.options}
              onChange={(before, after) => edit(tags => withOption(tags, before, after))}
            />
          </div>
        )}
      </div>
      <Foot {...props} indices={indices} onDone={onClose} />
    </>
  );
}

type IPartProps = IFormProps & { indices: number[] };

function Head({ pipeline, trans, indices, onClose }: IPartProps): JSX.Element {
  const findings = indices.length === 1 ? sorted(pipeline.diagnosticsOf(indices[0] + 1)) : [];
  const title =
    indices.length === 1
      ? trans.__('Cell %1', String(indices[0] + 1))
      : trans.__('%1 cells: %2', String(indices.length), indices.map(index => index + 1).join(', '));
  return (
    <>
      <header>
        <h2>{title}</h2>
        <IconButton icon={closeIcon} label={trans.__('Close')} onClick={onClose} />
      </header>
      {pipeline.isReadOnly && (
        <p className="jp-KaleLite-problem">{trans.__('The file is read-only: this cannot be saved.')}</p>
      )}
      {findings.length > 0 && (
        <ul className="jp-KaleLite-findings">
          {findings.map((finding, at) => (
            <Finding key={at} finding={finding} pipeline={pipeline} trans={trans} withPlace={finding.line > 0} />
          ))}
        </ul>
      )}
    </>
  );
}

type IEditProps = IPartProps & { onEdit: (change: (tags: ICellTags, index: number) => ICellTags) => void };

interface IStepNameProps extends IEditProps {
  now: string | undefined;
  inputRef: React.RefObject<HTMLInputElement>;
}

function StepName(props: IStepNameProps): JSX.Element {
  const { kale, pipeline, trans, indices, now, inputRef, onEdit } = props;
  const id = React.useId();
  const views = pipeline.views;
  const others = now
    ? views.filter((cell, at) => !indices.includes(at) && (cell.tags.step === now || cell.tags.after.includes(now))).length
    : 0;
  const [everywhere, setEverywhere] = React.useState(true);
  const { problem, check } = useNameCheck(kale);
  /** False when the name is wrong. Without one the step keeps its own. */
  const commit = async (wanted: string): Promise<boolean> => {
    if (wanted && (await check(wanted))) {
      return false;
    }
    if (!wanted || pipeline.isDisposed) {
      return true;
    }
    if (now && others && everywhere) {
      pipeline.edits.apply(renameStep(pipeline.views, now, wanted));
    } else {
      onEdit(tags => withStep(tags, wanted));
    }
    return true;
  };
  useLeaving(async () => {
    const text = inputRef.current?.value.trim() ?? '';
    return text === (now ?? '') || commit(text);
  });
  return (
    <div className="jp-KaleLite-field">
      <label className="jp-KaleLite-label" htmlFor={id}>
        {trans.__('Name')}
      </label>
      <Combobox
        id={id}
        value={now ?? ''}
        placeholder={now === undefined ? trans.__('(different)') : ''}
        offers={offersFor(props)}
        invalid={problem !== ''}
        describedBy={problem ? `${id}-problem` : undefined}
        inputRef={inputRef}
        onType={text => void check(text)}
        onCommit={text => void commit(text)}
      />
      {problem && (
        <p id={`${id}-problem`} className="jp-KaleLite-problem" role="alert">
          {problem}
        </p>
      )}
      {others > 0 && (
        <label className="jp-KaleLite-check">
          <input type="checkbox" checked={everywhere} onChange={event => setEverywhere(event.target.checked)} />
          {trans.__('A new name is for all cells of the step')}
        </label>
      )}
    </div>
  );
}

/** What is wrong with a step's name as it is typed; empty when nothing is. */
function useNameCheck({ api }: IKaleLite): { problem: string; check: (name: string) => Promise<string> } {
  const [problem, setProblem] = React.useState('');
  const newest = React.useRef('');
  const check = async (name: string): Promise<string> => {
    newest.current = name;
    const [found] = name.trim() ? await api.checkTags([`step:${name.trim()}`]).catch(() => []) : [];
    const wrong = found?.kind === 'malformed' ? found.problem : '';
    if (newest.current === name) {
      setProblem(wrong);
    }
    return wrong;
  };
  return { problem, check };
}

function offersFor({ pipeline, trans, indices }: IPartProps): IOffer[] {
  const views = pipeline.views;
  const steps = stepNames(views);
  const headings = headingsAbove(views, indices[0]).filter(one => !steps.includes(one.name));
  return [
    ...headings.map(one => ({ value: one.name, note: trans.__('from the heading') })),
    ...steps.map(name => ({ value: name, note: '', index: pipeline.stepIndex(name) }))
  ];
}

function After({ pipeline, trans, indices, now, onEdit }: IEditProps & { now: string[] }): JSX.Element {
  const views = pipeline.views;
  const firstOf = (name: string): number => views.findIndex(cell => cell.code && cell.step === name);
  const own = views[indices[0]].step || views[indices[0]].tags.step;
  const possible = stepNames(views).filter(
    name => name !== own && !now.includes(name) && firstOf(name) >= 0 && firstOf(name) < indices[0]
  );
  return (
    <div className="jp-KaleLite-field">
      <span className="jp-KaleLite-label" title={trans.__('Dependencies are found out; this only adds order.')}>
        {trans.__('Also after')}
      </span>
      <span className="jp-KaleLite-chips">
        {now.map(name => (
          <span key={name} className="jp-KaleLite-chip">
            {name}
            <IconButton
              icon={closeIcon}
              label={trans.__('Not after %1', name)}
              onClick={() => onEdit(tags => withAfter(tags, name, false))}
            />
          </span>
        ))}
        <select
          className="jp-KaleLite-select"
          aria-label={trans.__('Declare that the step comes after another one')}
          title={trans.__('Dependencies are found out; this only adds order.')}
          value=""
          disabled={!possible.length}
          onChange={event => onEdit(tags => withAfter(tags, event.target.value, true))}
        >
          <option value="" disabled>
            {trans.__('Add…')}
          </option>
          {possible.map(name => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </span>
    </div>
  );
}

function Foot({ pipeline, trans, indices, onDone }: IPartProps & { onDone: () => void }): JSX.Element {
  const views = pipeline.views;
  const [index] = indices;
  const split = indices.length === 1 ? splitAt(views, index) : null;
  const join = indices.length === 1 ? joinAbove(views, index) : null;
  const foreign = [...new Set(indices.flatMap(one => foreignTags(pipeline.tagsOf(one))))];
  // What does not parse is told as a finding, and is no tag of another tool.
  const told = indices.flatMap(one => pipeline.diagnosticsOf(one + 1)).filter(one => one.code === 'KL101');
  const odd = foreign.filter(tag => !told.some(one => one.message.startsWith(`tag '${tag}'`)));
  return (
    <footer>
      {split && (
        <button
          type="button"
          className="jp-KaleLite-button"
          title={trans.__('Begin a new step at this cell')}
          onClick={() => {
            pipeline.edits.apply(split);
            onDone();
          }}
        >
          <splitIcon.react tag="span" className="jp-KaleLite-icon" />
          {trans.__('Split here')}
        </button>
      )}
      {join && (
        <button
          type="button"
          className="jp-KaleLite-button"
          title={trans.__('Make this cell part of the step above')}
          onClick={() => {
            pipeline.edits.apply(join);
            onDone();
          }}
        >
          <joinIcon.react tag="span" className="jp-KaleLite-icon" />
          {trans.__('Join above')}
        </button>
      )}
      {odd.length > 0 && (
        <p className="jp-KaleLite-quiet">{trans.__('Tags of other tools, kept: %1', odd.join(', '))}</p>
      )}
    </footer>
  );
}
