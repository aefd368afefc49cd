# The receiver as a Worker, in two isolates that share their Durable Objects. The hosts of the trust bundle are those of the driver, on loopback.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "receiver", worker = .receiver),
    (name = "twin", worker = .twin),
    (name = "internet", network = (allow = ["local"])),
    (name = "disk", disk = (writable = true)),
  ],
  sockets = [
    (name = "receiver", address = "127.0.0.1:0", http = (), service = "receiver"),
    (name = "control", address = "127.0.0.1:0", http = (), service = (name = "receiver", entrypoint = "control")),
    (name = "twin", address = "127.0.0.1:0", http = (), service = "twin"),
    (name = "twin-control", address = "127.0.0.1:0", http = (), service = (name = "twin", entrypoint = "control")),
  ],
);

const receiver :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "dist/worker.js")],
  compatibilityDate = "2026-11-01",
  compatibilityFlags = ["service_binding_extra_handlers"],
  bindings = [
    (name = "USED_TOKENS", durableObjectNamespace = "UsedTokens"),
    (name = "SMALL_TOKENS", durableObjectNamespace = "SmallTokens"),
    (name = "BROKEN_TOKENS", durableObjectNamespace = "BrokenTokens"),
    (name = "SILENT_TOKENS", durableObjectNamespace = "SilentTokens"),
    (name = "SELF", service = "receiver"),
  ],
  durableObjectNamespaces = [
    (className = "UsedTokens", uniqueKey = "used-tokens", enableSql = true),
    (className = "SmallTokens", uniqueKey = "small-tokens", enableSql = true),
    (className = "BrokenTokens", uniqueKey = "broken-tokens", enableSql = true),
    (className = "SilentTokens", uniqueKey = "silent-tokens", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "disk"),
);

const twin :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "dist/worker.js")],
  compatibilityDate = "2026-11-01",
  bindings = [
    (name = "USED_TOKENS", durableObjectNamespace = (className = "UsedTokens", serviceName = "receiver")),
    (name = "SMALL_TOKENS", durableObjectNamespace = (className = "SmallTokens", serviceName = "receiver")),
  ],
);
