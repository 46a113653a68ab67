"""Reads every cell over the Model Context Protocol with its official client, page by page.

The question says `url` and `headers`, or `command` for a server on a pipe; `mode` is the era.
"""

import asyncio
import json
import sys

import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

question = json.load(sys.stdin)


def transport() -> object:
    if "command" in question:
        command, *arguments = question["command"]
        return StdioServerParameters(command=command, args=arguments, env=question["environ"])
    client = httpx2.AsyncClient(headers=question.get("headers", {}), timeout=60)
    return streamable_http_client(question["url"], http_client=client)


async def main() -> None:
    async with Client(transport(), mode=question.get("mode", "auto")) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        if "tool" in question:
            found = await client.call_tool(question["tool"], question["arguments"])
            told = {"text": found.content[0].text, "structured": found.structured_content}
            print(json.dumps({**told, "failed": found.is_error, "tools": sorted(tools)}))
            return
        given, more = dict(question["arguments"]), 1
        while more:
            found = await client.call_tool("pull", given)
            assert not found.is_error, found.content[0].text
            answer = found.structured_content
            for row in answer["rows"]:
                key = [row["indicator"], row["level"], row["area"], row["period"]]
                key += list(row.get("breakdown", {}).values())
                print(json.dumps([key, row["value"], row["status"]]))
                assert row.get("hidden", False) == (row["status"] == "Q")
            assert all(answer["source"][name] for name in ("release", "licence", "citation"))
            more = answer["more"]
            given |= answer.get("next", {})


asyncio.run(main())
