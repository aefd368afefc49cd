package mcp

import rego.v1

# What every client sends before it calls a tool.
opening := {
	"initialize",
	"notifications/initialized",
	"tools/list",
}

tools := {"read_note"}

default decision := "DENY"

decision := "ALLOW" if input.action == "mcp.listen"

decision := "ALLOW" if {
	input.action == "mcp.send"
	input.request.input.method in opening
}

decision := "ALLOW" if {
	input.action == "mcp.send"
	input.request.input.method == "tools/call"
	input.request.input.params.name in tools
}
