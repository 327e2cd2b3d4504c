from creatives.models.creative import Creative, CreativeImage, CreativeLink

__all__ = ["Creative", "CreativeImage", "CreativeLink"]
