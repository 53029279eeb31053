/** Told to a view whose cell reads no input any more. */
export const UNASKED = "dari-unasked";

/**
 * Asks the Jupyter server to interrupt a kernel whose cell blocks: no message gets through to it.
 *
 * @param el The view of that cell, which is told that nothing is asked any more.
 * @returns Whether the server did. Hosts without Jupyter's page configuration cannot.
 */
export async function interruptKernel(el: Element, kernelId: string): Promise<boolean> {
  const isDone = await interrupted(kernelId);
  if (isDone) el.dispatchEvent(new Event(UNASKED));
  return isDone;
}

async function interrupted(kernelId: string): Promise<boolean> {
  const base = baseUrl();
  if (base === undefined || kernelId === "") return false;
  const url = `${base}api/kernels/${encodeURIComponent(kernelId)}/interrupt`;
  const headers = { "X-XSRFToken": cookie("_xsrf") };
  try {
    return (await fetch(url, { method: "POST", credentials: "same-origin", headers })).ok;
  } catch {
    return false;
  }
}

function baseUrl(): string | undefined {
  const config = document.getElementById("jupyter-config-data")?.textContent;
  try {
    const base: unknown = JSON.parse(config ?? "{}").baseUrl;
    return typeof base === "string" ? base : undefined;
  } catch {
    return undefined;
  }
}

function cookie(name: string): string {
  const entry = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return decodeURIComponent(entry?.slice(name.length + 1) ?? "");
}
