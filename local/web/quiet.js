// Everything that the viewer would fetch from elsewhere is turned off: fonts, telemetry, chat, hosted clients.
const quiet = {
  agent: { disabled: true },
  mcp: { disabled: true },
  defaultHttpClient: { targetKey: 'shell', clientKey: 'curl' },
  hideClientButton: true,
  operationTitleSource: 'summary',
  showDeveloperTools: 'never',
  telemetry: false,
  withDefaultFonts: false,
};
