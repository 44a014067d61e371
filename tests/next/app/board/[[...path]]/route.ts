/** The dashboard, at `/board`. Next imports this file at build time, so it connects later. */

import { Producer } from "@faktory-ts/faktory";
import { dashboard, type DashboardHandler } from "@faktory-ts/faktory/dashboard";

const options = { basePath: "/board", password: "hush" };
let connecting: Promise<DashboardHandler> | undefined;

const board: DashboardHandler = async (request, connection) => {
  connecting ??= Producer.connect().then((producer) => dashboard(producer, options));
  const handler = await connecting;
  return await handler(request, connection);
};

export { board as GET, board as POST };
