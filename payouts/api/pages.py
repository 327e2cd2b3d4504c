from django.http import HttpRequest, HttpResponse, JsonResponse
def readable(request: HttpRequest) -> HttpResponse:
    return HttpResponse("x")
def openapi(request: HttpRequest) -> HttpResponse:
    return JsonResponse({})
