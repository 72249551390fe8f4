/** Small parts that several components draw. */
import { TranslationBundle } from '@jupyterlab/translation';
import { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Api, RunStatus, Severity, StepState } from '../api';
import { severityIcon, stateIcon } from '../icons';
import { runWord, stateWord } from './words';

/** The state of a step or run: a shape and a colour, with its word for who does not see them. */
export function State(props: { state: StepState | 'reused'; trans: TranslationBundle; word?: boolean }): JSX.Element {
  const { state, trans, word } = props;
  const text = stateWord(state, trans);
  const icon = stateIcon(state) ?? stateIcon('waiting');
  return (
    <span className={`jp-KaleLite-State jp-mod-${state}`} title={word ? undefined : text}>
      <icon.react tag="span" className="jp-KaleLite-State-icon" width="14px" height="14px" aria-hidden="true" />
      <span className={word ? 'jp-KaleLite-State-word' : 'jp-KaleLite-hidden'}>{text}</span>
    </span>
  );
}

export function RunState(props: { status: RunStatus; trans: TranslationBundle; word?: boolean }): JSX.Element {
  const { status, trans, word } = props;
  const icon = stateIcon(status) ?? stateIcon('waiting');
  const text = runWord(status, trans);
  return (
    <span className={`jp-KaleLite-State jp-mod-${status}`} title={word ? undefined : text}>
      <icon.react tag="span" className="jp-KaleLite-State-icon" width="14px" height="14px" aria-hidden="true" />
      <span className={word ? 'jp-KaleLite-State-word' : 'jp-KaleLite-hidden'}>{text}</span>
    </span>
  );
}

/** A button that is an icon; its label is its title. */
export function IconButton(props: {
  icon: LabIcon;
  label: string;
  onClick: (event: React.MouseEvent<HTMLButtonElement>) => void;
  disabled?: boolean;
  className?: string;
}): JSX.Element {
  const { icon, label, onClick, disabled, className } = props;
  return (
    <button
      type="button"
      className={`jp-KaleLite-iconButton ${className ?? ''}`}
      title={label}
      aria-label={label}
      aria-disabled={disabled || undefined}
      onClick={event => (disabled ? undefined : onClick(event))}
    >
      <icon.react tag="span" width="16px" height="16px" aria-hidden="true" />
    </button>
  );
}

/** A short text that stands out: what is wrong, or worth knowing. */
export function Notice(props: {
  severity: Severity;
  children: React.ReactNode;
  hint?: string;
  actions?: React.ReactNode;
  alert?: boolean;
}): JSX.Element {
  const { severity, children, hint, actions, alert } = props;
  const icon = severityIcon(severity);
  return (
    <div className={`jp-KaleLite-Notice jp-mod-${severity}`} role={alert ? 'alert' : undefined}>
      <icon.react tag="span" className="jp-KaleLite-Notice-icon" width="16px" height="16px" aria-hidden="true" />
      <div className="jp-KaleLite-Notice-text">
        <div>{children}</div>
        {hint ? <div className="jp-KaleLite-hint">{hint}</div> : null}
        {actions ? <div className="jp-KaleLite-Notice-actions">{actions}</div> : null}
      </div>
    </div>
  );
}

/** A button that looks like a link. */
export function LinkButton(props: { onClick: () => void; children: React.ReactNode; title?: string }): JSX.Element {
  return (
    <button type="button" className="jp-KaleLite-linkButton" onClick={props.onClick} title={props.title}>
      {props.children}
    </button>
  );
}

/** The code of a finding, which leads to the page about it. */
export function CodeLink(props: { code: string; api: Api; trans: TranslationBundle; className?: string }): JSX.Element {
  const { code, api, trans, className } = props;
  return (
    <a
      className={className}
      href={api.pageUrl(code)}
      target="_blank"
      rel="noopener noreferrer"
      title={trans.__('What %1 means', code)}
    >
      {code}
    </a>
  );
}

/** Text of any length: the beginning of a long one, and all of it when that is asked for. */
export function LongText(props: { text: string; trans: TranslationBundle; most?: number }): JSX.Element {
  const { text, trans, most = 240 } = props;
  const [all, showAll] = React.useState(false);
  if (text.length <= most || all) {
    return <>{text}</>;
  }
  return (
    <>
      {text.slice(0, most)}… <LinkButton onClick={() => showAll(true)}>{trans.__('Show all')}</LinkButton>
    </>
  );
}
