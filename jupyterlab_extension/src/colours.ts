/** The colour of a step: the same on its badges, in the graph, in lists. The palette is in style/base.css. */

/** How many colours the palette has; further steps begin again. */
export const PALETTE_SIZE = 10;

/** The CSS colour of a step by its place in the notebook's order; a neutral one for what is of no step. */
export function stepColour(index: number): string {
  return index < 0 ? 'var(--jp-KaleLite-step-none)' : `var(--jp-KaleLite-step-${index % PALETTE_SIZE})`;
}
