"""The command line: `hanse …`. Every command imports the role it needs when it runs."""

from hanse.cli.main import main as main
