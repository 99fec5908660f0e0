/** Details of an event, with the name of the pipeline that it is about. @param pipeline '' = of the job, or of the only one */
export function withPipeline(details: Record<string, unknown> | undefined, pipeline: string): Record<string, unknown> {
  return pipeline === '' ? { ...details } : { ...details, pipeline };
}
