/** A text with offers: what is typed narrows them, arrow keys choose. */
import * as React from 'react';
import { Swatch } from '../panel/parts';

export interface IOffer {
  value: string;
  /** Where it comes from, beside it. */
  note: string;
  /** The place of a step, for its colour; undefined without one. */
  index?: number;
}

interface IComboboxProps {
  id: string;
  value: string;
  offers: IOffer[];
  placeholder?: string;
  invalid: boolean;
  describedBy?: string;
  inputRef: React.RefObject<HTMLInputElement>;
  onType: (text: string) => void;
  onCommit: (text: string) => void;
}

/** Offers that hold what was typed; all of them as long as it is what stood there. */
export function matching(offers: readonly IOffer[], text: string, isTyped: boolean): IOffer[] {
  const wanted = text.trim().toLowerCase();
  return isTyped && wanted ? offers.filter(one => `${one.value} ${one.note}`.toLowerCase().includes(wanted)) : [...offers];
}

export function Combobox(props: IComboboxProps): JSX.Element {
  const { id, value, offers, placeholder, invalid, describedBy, inputRef, onType, onCommit } = props;
  const [text, setText] = React.useState(value);
  const [isOpen, setOpen] = React.useState(false);
  const [isTyped, setTyped] = React.useState(false);
  const [at, setAt] = React.useState(-1);
  React.useEffect(() => {
    setText(value);
    setTyped(false);
  }, [value]);
  const shown = isOpen ? matching(offers, text, isTyped) : [];
  const chosen = shown[at];
  const commit = (wanted: string): void => {
    setOpen(false);
    setAt(-1);
    setText(wanted);
    if (wanted.trim() !== value) {
      onCommit(wanted.trim());
    }
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const count = (isOpen ? shown : matching(offers, text, isTyped)).length;
      setOpen(true);
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setAt(count ? (at + step + count + (at < 0 && step < 0 ? 1 : 0)) % count : -1);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      commit(chosen ? chosen.value : text);
    } else if (event.key === 'Escape' && (isOpen || text !== value)) {
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
      setText(value);
      onType(value);
    }
  };
  return (
    <span className="jp-KaleLite-combobox">
      <input
        ref={inputRef}
        id={id}
        type="text"
        role="combobox"
        className="jp-KaleLite-input"
        autoComplete="off"
        spellCheck={false}
        aria-autocomplete="list"
        aria-expanded={shown.length > 0}
        aria-controls={`${id}-offers`}
        aria-activedescendant={chosen ? `${id}-offer-${at}` : undefined}
        aria-invalid={invalid || undefined}
        aria-describedby={describedBy}
        placeholder={placeholder}
        value={text}
        onChange={event => {
          setText(event.target.value);
          setTyped(true);
          setOpen(true);
          setAt(-1);
          onType(event.target.value);
        }}
        onClick={() => setOpen(true)}
        onKeyDown={onKeyDown}
        onBlur={() => commit(text)}
      />
      <ul id={`${id}-offers`} role="listbox" className="jp-KaleLite-offers" hidden={!shown.length}>
        {shown.map((offer, index) => (
          <li
            key={`${offer.value} ${offer.note}`}
            id={`${id}-offer-${index}`}
            role="option"
            aria-selected={index === at}
            className={index === at ? 'jp-mod-active' : ''}
            onMouseDown={event => {
              event.preventDefault(); // the input keeps the focus
              commit(offer.value);
            }}
          >
            {offer.index !== undefined && <Swatch index={offer.index} />}
            <span>{offer.value}</span>
            <span className="jp-KaleLite-quiet">{offer.note}</span>
          </li>
        ))}
      </ul>
    </span>
  );
}
