/** What a person has to know, without a stack trace. */
export class ReviewError extends Error {}
