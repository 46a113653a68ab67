"""What both servers share: app factory, problems, limits, health, page shell."""
