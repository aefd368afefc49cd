import { covers, normaliseUrl, parseMission, withoutQuery } from '@aiegis/protocol'

/** Whether a mission covers an action at a URL, as every receiver judges it. Throws `Malformed` for what has not its one form. */
export function isCovered(mission: unknown, action: string, url: string): boolean {
  return covers(parseMission(mission), action, withoutQuery(normaliseUrl(url)))
}
