/** A text with offers: what is typed narrows them, arrow keys choose. */
import * as React from 'react';
import { Swatch } from '../panel/parts';
import { placed } from './popover';

/** Pixels that a list of offers may be high. */
const MOST_HEIGHT = 180;

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

/** Keep the list of offers at its input, over the edges of the box that both are in, which would cut it off. */
function usePlaced(list: React.RefObject<HTMLElement>, input: React.RefObject<HTMLElement>, isShown: boolean): void {
  const place = (): void => {
    if (!list.current || !input.current) {
      return;
    }
    const { style, scrollHeight } = list.current;
    const anchor = input.current.getBoundingClientRect();
    const size = { width: anchor.width, height: Math.min(scrollHeight + 2, MOST_HEIGHT) };
    const within = { left: 0, top: 0, right: window.innerWidth, bottom: window.innerHeight };
    const { left, top, maxHeight } = placed(anchor, size, within);
    style.left = `${left}px`;
    style.top = `${top}px`;
    style.width = `${anchor.width}px`;
    style.maxHeight = `${Math.min(maxHeight, MOST_HEIGHT)}px`;
  };
  // After each drawing: how many offers there are changes as one types.
  React.useLayoutEffect(() => {
    if (isShown) {
      place();
    }
  });
  React.useEffect(() => {
    if (!isShown) {
      return;
    }
    const onScroll = (event: Event): void => {
      if (event.target !== list.current) {
        place();
      }
    };
    document.addEventListener('scroll', onScroll, true);
    window.addEventListener('resize', place);
    return () => {
      document.removeEventListener('scroll', onScroll, true);
      window.removeEventListener('resize', place);
    };
  }, [isShown]);
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
  const list = React.useRef<HTMLUListElement>(null);
  usePlaced(list, inputRef, shown.length > 0);
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
      <ul ref={list} id={`${id}-offers`} role="listbox" className="jp-KaleLite-offers" hidden={!shown.length}>
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
