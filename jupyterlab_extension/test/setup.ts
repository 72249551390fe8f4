/** What the packages of JupyterLab expect of a browser and jsdom does not have. */
class FakeDragEvent extends MouseEvent {}

function matchMedia(media: string): object {
  return { matches: false, media, addListener: () => undefined, addEventListener: () => undefined };
}

Object.assign(globalThis, {
  DragEvent: globalThis.DragEvent ?? FakeDragEvent,
  // React's act() is used where signals come from outside of events.
  IS_REACT_ACT_ENVIRONMENT: true
});
window.matchMedia ??= matchMedia as typeof window.matchMedia;
