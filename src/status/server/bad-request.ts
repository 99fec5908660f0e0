/** A question that is not well put: it is answered with 400. */
export class BadRequest extends Error {}
