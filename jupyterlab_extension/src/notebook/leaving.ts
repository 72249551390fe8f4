/** What was typed and is not taken over yet: a box that is left takes it over first. */
import * as React from 'react';

/** Takes over what was typed in one input; false when it is wrong, and stays there. */
type Take = () => Promise<boolean>;

/** The inputs of a box. */
export class Inputs {
  readonly all = new Set<Take>();

  /** Take over what was typed in any of them; false when something of it is wrong. */
  async take(): Promise<boolean> {
    return (await Promise.all([...this.all].map(one => one()))).every(Boolean);
  }
}

export const InputsContext = React.createContext(new Inputs());

/** Be asked to take over what was typed before the box is closed. */
export function useLeaving(take: Take): void {
  const { all } = React.useContext(InputsContext);
  const newest = React.useRef(take);
  newest.current = take;
  React.useEffect(() => {
    const one = (): Promise<boolean> => newest.current();
    all.add(one);
    return () => void all.delete(one);
  }, [all]);
}
