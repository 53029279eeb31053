/** Told to a view whose cell reads no input any more. */
export const UNASKED = "dari-unasked";

const NOT_HERE = "The cell is busy: use the interrupt button of your notebook.";

/**
 * Asks the Jupyter server to interrupt a kernel whose cell blocks: no message gets through to it.
 *
 * @param el The view of that cell, which is told that nothing is asked any more.
 * @returns Why it was not, for the reader; empty if it was. Hosts without Jupyter's page
 *   configuration cannot.
 */
export async function interruptKernel(el: Element, kernelId: string): Promise<string> {
  const config = document.getElementById("jupyter-config-data")?.textContent;
  try {
    const { baseUrl } = JSON.parse(config ?? "{}");
    if (typeof baseUrl !== "string" || kernelId === "") return NOT_HERE;
    const url = `${baseUrl}api/kernels/${encodeURIComponent(kernelId)}/interrupt`;
    const headers = { "X-XSRFToken": xsrf() };
    const { ok } = await fetch(url, { method: "POST", credentials: "same-origin", headers });
    if (!ok) return NOT_HERE;
    el.dispatchEvent(new Event(UNASKED));
    return "";
  } catch {
    return NOT_HERE;
  }
}

/** What Jupyter's server wants to see again of its cookie. */
function xsrf(): string {
  const [, token = ""] = /(?:^|; )_xsrf=([^;]*)/.exec(document.cookie) ?? [];
  return decodeURIComponent(token);
}
