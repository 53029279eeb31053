/** Told to a view whose cell reads no input any more. */
export const UNASKED = "dari-unasked";

/**
 * Asks the Jupyter server to interrupt a kernel whose cell blocks: no message gets through to it.
 *
 * @param el The view of that cell, which is told that nothing is asked any more.
 * @returns Whether the server did. Hosts without Jupyter's page configuration cannot.
 */
export async function interruptKernel(el: Element, kernelId: string): Promise<boolean> {
  const config = document.getElementById("jupyter-config-data")?.textContent;
  try {
    const { baseUrl } = JSON.parse(config ?? "{}");
    if (typeof baseUrl !== "string" || kernelId === "") return false;
    const url = `${baseUrl}api/kernels/${encodeURIComponent(kernelId)}/interrupt`;
    const headers = { "X-XSRFToken": xsrf() };
    const { ok } = await fetch(url, { method: "POST", credentials: "same-origin", headers });
    if (ok) el.dispatchEvent(new Event(UNASKED));
    return ok;
  } catch {
    return false;
  }
}

/** What Jupyter's server wants to see again of its cookie. */
function xsrf(): string {
  const [, token = ""] = /(?:^|; )_xsrf=([^;]*)/.exec(document.cookie) ?? [];
  return decodeURIComponent(token);
}
