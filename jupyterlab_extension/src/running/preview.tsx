/** What the notebook compiles to for Kubeflow Pipelines: YAML and Python, read only, to copy or to save. */
import { EditorState, Extension } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import { Clipboard } from '@jupyterlab/apputils';
import { EditorLanguageRegistry, jupyterTheme } from '@jupyterlab/codemirror';
import { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon, ReactWidget, refreshIcon, saveIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { Api, ApiError, IDiagnostic } from '../api';
import type { NotebookPipeline } from '../model';
import { CodeLink, Notice } from './parts';
import { placeWord } from './words';

type Format = 'yaml' | 'python';

interface ICompiled {
  files: { name: string; text: string }[];
  diagnostics: IDiagnostic[];
}

export class Preview extends ReactWidget {
  constructor(
    private readonly api: Api,
    private readonly pipeline: NotebookPipeline,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-KaleLite-Preview');
  }

  protected render(): JSX.Element {
    return <PreviewPage api={this.api} pipeline={this.pipeline} trans={this.trans} />;
  }
}

export function PreviewPage(props: { api: Api; pipeline: NotebookPipeline; trans: TranslationBundle }): JSX.Element {
  const { api, pipeline, trans } = props;
  const [format, setFormat] = React.useState<Format>('yaml');
  const [chosen, choose] = React.useState(0);
  const [said, say] = React.useState('');
  const { compiled, failure, isBusy, again } = useCompiled(api, pipeline, format);
  const file = compiled?.files[Math.min(chosen, compiled.files.length - 1)];
  const save = async (): Promise<void> => {
    try {
      const { saved } = await api.compile(pipeline.path, pipeline.content(), format, true);
      say(trans.__('Saved as %1', saved.join(', ')));
    } catch (error) {
      say(trans.__('Not saved: %1', (error as Error).message));
    }
  };
  const copy = (text: string): void => {
    Clipboard.copyToSystem(text);
    say(trans.__('Copied'));
  };
  return (
    <>
      <div className="jp-KaleLite-Preview-head">
        <div role="group" aria-label={trans.__('Form')} className="jp-KaleLite-Choice">
          {(['yaml', 'python'] as const).map(one => (
            <button
              key={one}
              type="button"
              aria-pressed={format === one}
              onClick={() => {
                setFormat(one);
                choose(0);
                say('');
              }}
            >
              {one === 'yaml' ? trans.__('YAML') : trans.__('Python (DSL)')}
            </button>
          ))}
        </div>
        <HeadButton icon={copyIcon} label={trans.__('Copy')} disabled={!file} onClick={() => file && copy(file.text)} />
        <HeadButton icon={saveIcon} label={trans.__('Save beside the notebook')} disabled={!file} onClick={() => void save()} />
        <HeadButton icon={refreshIcon} label={trans.__('Compile again')} disabled={isBusy} onClick={again} />
        <span role="status" className="jp-KaleLite-muted">
          {isBusy ? trans.__('Compiling…') : said}
        </span>
      </div>
      {failure ? (
        <Notice severity="error" alert hint={failure.hint}>
          {trans.__('Not compiled: %1', failure.message)}
        </Notice>
      ) : null}
      <Findings findings={failure?.diagnostics ?? compiled?.diagnostics ?? []} api={api} trans={trans} />
      {compiled && compiled.files.length > 1 && !failure ? (
        <label className="jp-KaleLite-Preview-file">
          {trans._n('%1 file', '%1 files', compiled.files.length, compiled.files.length)}
          <select className="jp-mod-styled" value={chosen} onChange={event => choose(Number(event.target.value))}>
            {compiled.files.map((one, at) => (
              <option key={one.name} value={at}>
                {one.name}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      {file && !failure ? <Code name={file.name} text={file.text} /> : null}
    </>
  );
}

function useCompiled(
  api: Api,
  pipeline: NotebookPipeline,
  format: Format
): { compiled: ICompiled | null; failure: ApiError | null; isBusy: boolean; again: () => void } {
  const [state, setState] = React.useState<{ compiled: ICompiled | null; failure: ApiError | null; isBusy: boolean }>({
    compiled: null,
    failure: null,
    isBusy: true
  });
  const [round, again] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    let over = false;
    const done = (compiled: ICompiled | null, failure: ApiError | null): void => {
      if (!over) {
        setState({ compiled, failure, isBusy: false });
      }
    };
    setState(before => ({ ...before, isBusy: true }));
    if (pipeline.isDisposed) {
      done(null, new ApiError(0, 'the notebook was closed', 'Open it again.'));
      return;
    }
    api.compile(pipeline.path, pipeline.content(), format).then(
      found => done(found, null),
      (error: unknown) => done(null, error instanceof ApiError ? error : new ApiError(0, String(error)))
    );
    return () => {
      over = true;
    };
  }, [api, pipeline, format, round]);
  return { ...state, again };
}

function HeadButton(props: {
  icon: typeof copyIcon;
  label: string;
  disabled: boolean;
  onClick: () => void;
}): JSX.Element {
  const { icon, label, disabled, onClick } = props;
  return (
    <button type="button" className="jp-KaleLite-button" aria-disabled={disabled} onClick={disabled ? undefined : onClick}>
      <icon.react tag="span" width="16px" height="16px" aria-hidden="true" />
      {label}
    </button>
  );
}

function Findings(props: { findings: readonly IDiagnostic[]; api: Api; trans: TranslationBundle }): JSX.Element | null {
  const { findings, api, trans } = props;
  if (!findings.length) {
    return null;
  }
  const rank = { error: 0, warning: 1, info: 2 };
  const sorted = [...findings].sort((a, b) => rank[a.severity] - rank[b.severity]);
  const list = sorted.map((one, at) => (
    <Notice key={at} severity={one.severity} hint={one.hint}>
      <CodeLink code={one.code} api={api} trans={trans} className="jp-KaleLite-code jp-KaleLite-link" />{' '}
      {placeWord(one, trans) ? <span className="jp-KaleLite-muted">{placeWord(one, trans)}: </span> : null}
      {one.message}
    </Notice>
  ));
  const errors = sorted.filter(one => one.severity === 'error').length;
  return (
    <details className="jp-KaleLite-Preview-findings" open={errors > 0}>
      <summary>{trans._n('%1 finding', '%1 findings', findings.length, findings.length)}</summary>
      {list}
    </details>
  );
}

/** Text as Lab's editors show it. */
function Code(props: { name: string; text: string }): JSX.Element {
  const { name, text } = props;
  const host = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    if (!host.current) {
      return;
    }
    const view = new EditorView({ parent: host.current, state: stateOf(name, text, []) });
    let over = false;
    void languageOf(name).then(language => {
      if (!over && language) {
        view.setState(stateOf(name, text, [language]));
      }
    });
    return () => {
      over = true;
      view.destroy();
    };
  }, [name, text]);
  return <div ref={host} className="jp-KaleLite-Code" />;
}

function stateOf(name: string, text: string, more: readonly Extension[]): EditorState {
  const attributes = EditorView.contentAttributes.of({ 'aria-label': name, 'aria-readonly': 'true', tabindex: '0' });
  const own = [lineNumbers(), EditorState.readOnly.of(true), EditorView.lineWrapping, jupyterTheme, attributes];
  return EditorState.create({ doc: text, extensions: [...own, ...more] });
}

/** What colours a language; undefined for a file of none that is known. */
async function languageOf(name: string): Promise<Extension | undefined> {
  const ending = name.split('.').pop() ?? '';
  const found = EditorLanguageRegistry.getDefaultLanguages().find(one => one.extensions?.includes(ending));
  return found?.support ?? (await found?.load?.().catch(() => undefined));
}
