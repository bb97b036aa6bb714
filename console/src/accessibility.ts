/** What the editors (CodeMirror 5) lack for keyboards and screen readers. */

function nameOf(editor: Element): string | null {
  if (editor.closest(".result-window")) return "Response";
  if (editor.closest(".graphiql-query-editor")) return "Query editor";
  const tool = editor.closest(".graphiql-editor-tool > *");
  if (!tool) return null;
  return tool.previousElementSibling ? "Headers editor" : "Variables editor";
}

/** Names every editor as soon as GraphiQL has made it. */
function nameEditors(): () => void {
  const observer = new MutationObserver(() => {
    for (const field of document.querySelectorAll(".CodeMirror textarea:not([aria-label])")) {
      const name = nameOf(field);
      if (name) field.setAttribute("aria-label", `${name} (press Escape, then Tab, to leave it)`);
    }
  });
  observer.observe(document.body, { childList: true, subtree: true });
  return () => observer.disconnect();
}

/**
 * The editors take Tab for themselves, which would hold a keyboard user in. Escape makes the
 * next Tab (or Shift-Tab) leave the editor as it leaves every other field.
 */
function freeTab(): () => void {
  let leaving = false;
  function onKeyDown(event: KeyboardEvent) {
    if (event.key === "Escape") leaving = true;
    else if (event.key === "Tab") {
      const inEditor = event.target instanceof Element && event.target.closest(".CodeMirror");
      if (leaving && inEditor) event.stopPropagation();
      leaving = false;
    } else if (event.key !== "Shift") leaving = false;
  }
  document.addEventListener("keydown", onKeyDown, { capture: true });
  return () => document.removeEventListener("keydown", onKeyDown, { capture: true });
}

export function helpEditors(): () => void {
  const undo = [nameEditors(), freeTab()];
  return () => undo.forEach((stop) => stop());
}
