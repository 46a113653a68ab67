"""The web edge of both roles: application factory, errors, limits, pages, health, serving."""

from hanse.web.app import create as create
from hanse.web.openapi import document as document
from hanse.web.pages import render as render
from hanse.web.serving import serve as serve
from hanse.web.site import Site as Site
