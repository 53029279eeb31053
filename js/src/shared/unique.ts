/** A number that nobody else has; also in pages that come over plain HTTP, where less is to be had. */
export const unique = () => Math.floor(Math.random() * 2 ** 52);
