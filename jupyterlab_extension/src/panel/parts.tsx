/** Small parts that the panel and the cell editor are made of. */
import { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { IDiagnostic, IFix, Role } from '../api';
import { stepColour } from '../colours';
import { roleIcon, severityIcon } from '../icons';
import type { NotebookPipeline } from '../model';
import type { IPartProps } from './sidebar';

/** What every part gets that is about the notebook in front. */
export interface IViewProps extends IPartProps {
  pipeline: NotebookPipeline;
}

interface IIconButtonProps {
  icon: LabIcon;
  label: string;
  onClick: (event: React.MouseEvent<HTMLButtonElement>) => void;
  pressed?: boolean;
  disabled?: boolean;
  menu?: boolean;
}

/** A button that shows an icon alone. */
export function IconButton({ icon, label, onClick, pressed, disabled, menu }: IIconButtonProps): JSX.Element {
  return (
    <button
      type="button"
      className="jp-KaleLite-iconButton"
      title={label}
      aria-label={label}
      aria-pressed={pressed}
      aria-haspopup={menu ? 'menu' : undefined}
      disabled={disabled}
      onClick={onClick}
    >
      <icon.react tag="span" className="jp-KaleLite-icon" />
    </button>
  );
}

/** A step's colour as a small mark. */
export function Swatch({ index }: { index: number }): JSX.Element {
  return <span className="jp-KaleLite-swatch" style={{ background: stepColour(index) }} aria-hidden="true" />;
}

export function RoleIcon({ role }: { role: Role }): JSX.Element {
  const icon = roleIcon(role);
  return <icon.react tag="span" className="jp-KaleLite-icon" aria-hidden="true" />;
}

export function SeverityIcon({ severity, label }: { severity: IDiagnostic['severity']; label: string }): JSX.Element {
  const icon = severityIcon(severity);
  return (
    <span role="img" aria-label={label} title={label} className={`jp-KaleLite-severity jp-mod-${severity}`}>
      <icon.react tag="span" className="jp-KaleLite-icon" />
    </span>
  );
}

/** The buttons that mend a finding. */
export function Fixes({ fixes, onFix }: { fixes: IFix[] | undefined; onFix: (fix: IFix) => void }): JSX.Element | null {
  if (!fixes?.length) {
    return null;
  }
  return (
    <div className="jp-KaleLite-fixes">
      {fixes.map(fix => (
        <button type="button" key={fix.title} className="jp-KaleLite-link" onClick={() => onFix(fix)}>
          {fix.title}
        </button>
      ))}
    </div>
  );
}

interface ITextFieldProps {
  label: string;
  value: string;
  onCommit: (value: string) => void;
  placeholder?: string;
  help?: string;
  multiline?: boolean;
}

/** A labelled text that is taken over when it is left or Enter is pressed; Escape takes it back. */
export function TextField({ label, value, onCommit, placeholder, help, multiline }: ITextFieldProps): JSX.Element {
  const [text, setText] = React.useState(value);
  React.useEffect(() => setText(value), [value]);
  const commit = (): void => {
    if (text !== value) {
      onCommit(text);
    }
  };
  const common = {
    className: 'jp-KaleLite-input',
    value: text,
    placeholder,
    title: help,
    onChange: (event: React.ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => setText(event.target.value),
    onBlur: commit,
    onKeyDown: (event: React.KeyboardEvent) => {
      if (event.key === 'Enter' && !(multiline && !event.ctrlKey)) {
        commit();
      } else if (event.key === 'Escape' && text !== value) {
        event.stopPropagation();
        setText(value);
      }
    }
  };
  return (
    <label className="jp-KaleLite-field">
      <span className="jp-KaleLite-label">{label}</span>
      {multiline ? <textarea rows={2} {...common} /> : <input type="text" spellCheck={false} {...common} />}
    </label>
  );
}
